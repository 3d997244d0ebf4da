"""How long a large curriculum takes: reading, auditing, its closure; beside networkx.

    python benchmarks/graph.py            10,000 skills, 30,000 edges: under a minute, 2 GB
    python benchmarks/graph.py --quick    1,000 skills, 3,000 edges; writes nothing

Prints a table and writes results/graph.json. Three shapes: *near*, where skills need some of the
hundred before them, so that almost all are joined; *far*, where they need any before them; and
*ways*, as *near* with every third skill asking for one of its prerequisites only. Each number is
processor time (all of it runs in one thread) of the fastest of nine runs: what else the machine
does only adds to it.

networkx runs on the same edges with a tenth of the skills, and so does this library for the
ratio: the closure of 10,000 skills as networkx keeps it would not fit into memory.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np
from _record import circumstances, status, write

from adaptlearn import Curriculum
from adaptlearn.curriculum import audit_curriculum
from adaptlearn.curriculum.graph import routines as graph

RUNS = 9
SHAPES = ("near", "far", "ways")


def content_of(shape: str, n_skills: int) -> dict[str, Any]:
    """Three prerequisites to a skill, on average, from before it."""
    rng = np.random.default_rng(0)
    edges: dict[tuple[int, int], None] = {}
    while len(edges) < 3 * n_skills:
        after = int(rng.integers(1, n_skills))
        back = int(rng.integers(1, (after if shape == "far" else min(after, 100)) + 1))
        edges[after - back, after] = None
    needs: dict[int, list[int]] = {}
    for before, after in edges:
        needs.setdefault(after, []).append(before)
    prerequisites: list[list[Any]] = []
    for after, before in needs.items():
        if shape == "ways" and after % 3 == 0 and len(before) > 1:
            prerequisites.append([before, after])
        else:
            prerequisites += [[one, after] for one in before]
    return {"skills": list(range(n_skills)), "prerequisites": prerequisites}


def seconds(run: Callable[[], Any]) -> float:
    """The processor time of the fastest of a few runs."""
    taken = []
    for _ in range(RUNS):
        begin = time.process_time()
        run()
        taken.append(time.process_time() - begin)
    return min(taken)


def measure(content: dict[str, Any]) -> dict[str, Any]:
    """Each step by itself; an audit finds the closure's bits anew."""
    school = Curriculum.from_dict(content)
    written = school.to_json()
    result = {
        "skills": len(school.skills),
        "edges": school.may_need.nnz,
        "alternatives": school.alternatives.shape[0],
        "load": seconds(lambda: Curriculum.from_dict(content)),
        "load_json": seconds(lambda: Curriculum.from_json(written)),
        "closure_bits": seconds(lambda: graph.required_bits(school.requirements)),
        "audit": seconds(lambda: audit_curriculum(Curriculum.from_dict(content))),
        "closure_pairs": seconds(lambda: graph.closure(school.may_need)),
        "pairs": school.ancestry.nnz,
        "redundant": audit_curriculum(school)["redundant"].count,
    }
    # Auditing above has loaded, too.
    result["audit"] -= result["load"]
    result["load_audit_closure"] = result["load"] + result["audit"] + result["closure_bits"]
    return result


def against_networkx(content: dict[str, Any]) -> dict[str, Any]:
    """Closure and transitive reduction of the same edges, here and there."""
    school = Curriculum.from_dict(content)
    peer = nx.DiGraph(content["prerequisites"])
    reduced = nx.transitive_reduction(peer)
    redundant = audit_curriculum(school)["redundant"].labels
    assert set(redundant) == set(peer.edges) - set(reduced.edges)
    assert nx.transitive_closure_dag(peer).number_of_edges() == school.ancestry.nnz

    def reduce() -> Any:
        return graph.redundant(school.requirements, graph.required_bits(school.requirements))

    times = {
        "closure": (
            lambda: graph.closure(school.may_need),
            lambda: nx.transitive_closure_dag(peer),
        ),
        "reduction": (reduce, lambda: nx.transitive_reduction(peer)),
    }
    result: dict[str, Any] = {"skills": len(school.skills), "edges": school.prerequisites.nnz}
    for name, (ours, theirs) in times.items():
        here, there = seconds(ours), seconds(theirs)
        result[name] = {"seconds": here, "networkx_seconds": there, "ratio": there / here}
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the skills")
    asked = parser.parse_args()
    n_skills = 1_000 if asked.quick else 10_000
    print(f"{'shape':8}{'skills':>8}{'edges':>8}{'load':>8}{'audit':>8}{'closure':>9}{'all, s':>8}"
          f"{'as pairs':>10}{'pairs':>12}")  # fmt: skip
    shapes = {}
    for shape in SHAPES:
        shapes[shape] = one = measure(content_of(shape, n_skills))
        print(
            f"{shape:8}{one['skills']:8}{one['edges']:8}{one['load']:8.3f}{one['audit']:8.3f}"
            f"{one['closure_bits']:9.3f}{one['load_audit_closure']:8.3f}"
            f"{one['closure_pairs']:10.3f}{one['pairs']:12,}"
        )
    peer = against_networkx(content_of("near", n_skills // 10))
    for name in ("closure", "reduction"):
        print(
            f"{name} of {peer['skills']} skills: {1e3 * peer[name]['seconds']:.1f} ms, networkx "
            f"{1e3 * peer[name]['networkx_seconds']:.1f} ms: {peer[name]['ratio']:.0f} times"
        )
    if not asked.quick:
        peak = status("VmHWM")
        result = {**circumstances(("numpy", "scipy", "networkx")), "shapes": shapes,
                  "networkx": peer, "peak_bytes": peak}  # fmt: skip
        print("written:", write("graph.json", result))


if __name__ == "__main__":
    main()
