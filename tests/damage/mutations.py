"""What may happen to a file: by accident, or by somebody who knows how it is signed."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.serialization import array_digests, fingerprint

Damage = Callable[[bytes, random.Random], bytes]
Sign = Callable[[dict[str, Any], Mapping[str, NDArray[Any]]], None]

TOKENS = [
    b"null", b"1e400", b"NaN", b"-Infinity", b"-1", b"1" * 400, b"9" * 25, b"-0", b"1.5", b"true",
    b"[]", b"{}", b'""', b'"a"', b"[[[[", b"[" * 2000, b'"\\ud800"', b"\x00", b"\xff",
    b"\xef\xbb\xbf",
    b"\r", b'"', b"\t", b"\n", b",", b"~~", b";", b"=1", b"\x1b[2J",
]  # fmt: skip

VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 2, 7, 0.5, -0.5, 5.8, 1e-320, 1e308, -1e308, 2**70, -(2**63),
    10**400,
    float("inf"), float("nan"), "", "x", "a", " ", "\x00", "\x1b[2J", "<b>", "\ud800", [], {}, [[]],
    [None], {"a": 1}, ["a"], ["a", "a"], [["a", "b"]], [1, 2], "1", "0101", "2x",
]  # fmt: skip

NUMBERS = [
    np.nan, np.inf, -np.inf, 0.0, 1.0, -1.0, 0.5, 5.8, -0.5, 1e-320, 1e9, 1e100, 1e308, -1e308,
    2.0**40, 2.0**62,
]  # fmt: skip


def of_bytes(data: bytes, luck: random.Random) -> bytes:
    """One accident: a bit flipped, the end lost, a part moved, something in between."""
    damaged, place = bytearray(data), luck.randrange(len(data))
    kind = luck.randrange(6)
    if kind == 0:
        damaged[place] ^= 1 << luck.randrange(8)
    elif kind == 1:
        del damaged[place:]
    elif kind == 2:
        damaged[place : place + luck.randrange(6)] = luck.choice(TOKENS)
    elif kind == 3:
        other = luck.randrange(len(data))
        damaged[place:place] = damaged[other : other + luck.randrange(1, 60)]
    elif kind == 4:
        del damaged[place : place + luck.randrange(1, 30)]
    else:
        damaged[place] = luck.randrange(256)
    return bytes(damaged)


def of_json(data: bytes, luck: random.Random) -> bytes:
    """One value of a JSON text replaced, removed or added."""
    return json.dumps(_changed(json.loads(data), luck)).encode()


def of_sealed_json(sign: Sign) -> Damage:
    """The same of a sealed file, which is then signed again."""

    def damage(data: bytes, luck: random.Random) -> bytes:
        manifest = _changed(json.loads(data), luck)
        if isinstance(manifest, dict):
            _seal(manifest, {}, sign)
        return json.dumps(manifest).encode()

    return damage


def of_archive(sign: Sign) -> Damage:
    """A value of an archive's manifest or arrays changed, which is then signed again."""

    def damage(data: bytes, luck: random.Random) -> bytes:
        with np.load(io.BytesIO(data)) as file:
            arrays = {name: file[name] for name in file.files}
        manifest = json.loads(arrays.pop("manifest").tobytes())
        if luck.random() < 0.3:
            manifest = _changed(manifest, luck)
        else:
            arrays = _changed_arrays(arrays, luck)
        if isinstance(manifest, dict):
            _seal(manifest, arrays, sign)
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as file:
            text = np.frombuffer(json.dumps(manifest).encode(), np.uint8)
            for name, array in {"manifest": text, **arrays}.items():
                with file.open(f"{name}.npy", "w") as member:
                    np.lib.format.write_array(member, array, allow_pickle=True)
        return stream.getvalue()

    return damage


def _seal(manifest: dict[str, Any], arrays: Mapping[str, NDArray[Any]], sign: Sign) -> None:
    """Give a manifest the digests that it would have been saved with."""
    try:
        if arrays and isinstance(manifest.get("arrays"), dict):
            manifest["arrays"] = array_digests(arrays)
        sign(manifest, arrays)
        body = {key: value for key, value in manifest.items() if key != "digest"}
        manifest["digest"] = fingerprint(body)
    except (KeyError, TypeError, ValueError, AttributeError):
        return  # of what cannot be signed the digest stays wrong


def _changed(tree: Any, luck: random.Random) -> Any:
    """A tree of lists and dicts with one change, somewhere."""
    spots: list[tuple[Any, Any]] = []
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            spots.append((node, key))
            if isinstance(node[key], (dict, list)):
                waiting.append(node[key])
    if not spots:
        return luck.choice(VALUES)
    node, key = luck.choice(spots)
    chance = luck.random()
    if chance < 0.15:
        del node[key]
    elif chance < 0.25 and isinstance(node, dict):
        node[luck.choice(["zz", "skills", "", "lesson"])] = luck.choice(VALUES)
    elif chance < 0.35 and isinstance(node, list):
        node.insert(key, node[luck.randrange(len(node))])
    elif chance < 0.45:
        node[key] = luck.choice(spots)[0]
        return json.loads(json.dumps(_without_circles(tree)))
    elif chance < 0.6 and isinstance(node[key], (int, float)):
        node[key] = luck.choice([-node[key], node[key] + 1, node[key] / 2, 2 * node[key]])
    else:
        node[key] = luck.choice(VALUES)
    return tree


def _without_circles(tree: Any, above: tuple[int, ...] = ()) -> Any:
    if id(tree) in above:
        return None
    above = (*above, id(tree))
    if isinstance(tree, dict):
        return {key: _without_circles(value, above) for key, value in tree.items()}
    return [_without_circles(value, above) for value in tree] if isinstance(tree, list) else tree


def _changed_arrays(
    arrays: dict[str, NDArray[Any]], luck: random.Random
) -> dict[str, NDArray[Any]]:
    """Arrays of which one is changed, left out or added."""
    if not arrays:
        return {"x": np.zeros(3)}
    name = luck.choice(list(arrays))
    array = arrays[name]
    flat = array.ravel()
    number = luck.choice(NUMBERS)
    kind = luck.randrange(12)
    if kind <= 5 and array.dtype.kind == "U":
        changed = np.full(array.shape, luck.choice(["", "x", "add", "seconds", "\x1b"]))
    elif kind <= 4 and flat.size:  # one value
        changed = (
            array.astype(np.float64) if array.dtype.kind != "f" and kind == 0 else array.copy()
        )
        with np.errstate(all="ignore"):
            changed.ravel()[luck.randrange(flat.size)] = np.float64(number).astype(changed.dtype)
    elif kind == 5:
        with np.errstate(all="ignore"):
            changed = np.full(array.shape, np.float64(number).astype(array.dtype))
    elif kind == 6:
        changed = array[:-1] if array.ndim else array.reshape(1)
    elif kind == 7:
        changed = np.concatenate((flat, flat[:1]))
    elif kind == 8:
        kinds = ["U8", "O"] if array.dtype.kind == "U" else ["U8", "O", "f4", "i1"]
        shapes = [array.reshape(1, *array.shape), np.zeros(0), flat[:0]]
        with np.errstate(all="ignore"):
            changed = luck.choice([*(array.astype(kind) for kind in kinds), *shapes])
    elif kind == 9 and flat.size:
        order = luck.sample(range(flat.size), flat.size)
        changed = flat[order].reshape(array.shape)
    elif kind == 10:
        return {key: value for key, value in arrays.items() if key != name}
    else:
        return {**arrays, luck.choice(["x", "practice_x", "input7", "term_x"]): array}
    return {**arrays, name: changed}
