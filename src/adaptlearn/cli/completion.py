"""``adaptlearn completion``: a script with which a shell completes commands and options."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Mapping

from adaptlearn.cli.output import show, show_json

SUMMARY = "print a script that completes commands and options in your shell"
EXAMPLE = "adaptlearn completion bash"

_BASH = """\
_adaptlearn() {
  local words current="${COMP_WORDS[COMP_CWORD]}"
  case "${COMP_WORDS[1]}" in
%s
    *) words="%s" ;;
  esac
  if [ "$COMP_CWORD" = 1 ]; then words="%s"; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _adaptlearn adaptlearn
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Which shell."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="your shell")


def run(arguments: Namespace) -> None:
    """Print the script."""
    script = script_of(arguments.shell, options_of(arguments.commands))
    if arguments.json:
        show_json({"shell": arguments.shell, "script": script})
    else:
        show(script)


def options_of(commands: Mapping[str, ArgumentParser]) -> dict[str, list[str]]:
    """The options of each command; its verbs and their options, too, where it has verbs."""
    return {name: sorted(_words(parser)) for name, parser in commands.items()}


def _words(parser: ArgumentParser) -> set[str]:
    found: set[str] = set()
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way
        found |= {option for option in action.option_strings if option.startswith("--")}
        if isinstance(action, _SubParsersAction):
            found |= {*action.choices}.union(*map(_words, action.choices.values()))
    return found


def script_of(shell: str, options: Mapping[str, list[str]]) -> str:
    """The script for a shell: put it where that reads it at its start."""
    commands = " ".join(options)
    if shell == "fish":
        lines = [f"complete -c adaptlearn -n __fish_use_subcommand -a '{commands}'"]
        for command, own in options.items():
            seen = f"__fish_seen_subcommand_from {command}"
            for one in own:
                form = f"-l {one[2:]}" if one.startswith("--") else f"-a {one}"
                lines.append(f"complete -c adaptlearn -n '{seen}' {form}")
        return "\n".join(lines) + "\n"
    cases = "\n".join(f'    {name}) words="{" ".join(own)}" ;;' for name, own in options.items())
    script = _BASH % (cases, commands, commands)
    # zsh runs bash's completions once it is told to.
    return script if shell == "bash" else "autoload -U +X bashcompinit && bashcompinit\n" + script
