"""Evaluates every transform of the two built-in configurations with OpenColorIO's C++ library on rows of its own, for the test beside it.

Usage: oracle_fresh.py ROWS SEED; prints one JSON object a transform: {"aces", "src", "dst" | "display", "view", "look", "rows"}, where
rows are lines `r,g,b,R,G,B,sens`. Rows are scene light or code values over their range, and always hold black, white, negative, huge,
tiny and not finite numbers. `sens` is how far the answer moves when one input moves by a millionth, and the answer of a row whose numbers
are not finite may be anything. Nothing of the crate is used.
"""
import json, sys

import numpy as np
import PyOpenColorIO as ocio

CONFIGS = {"2.0": "studio-config-v5.0.0_aces-v2.1_ocio-v2.6", "1.3": "studio-config-v2.2.0_aces-v1.3_ocio-v2.4"}
COUNT, RANDOM = int(sys.argv[1]), np.random.default_rng(int(sys.argv[2]))
EXTREME = [
    [0, 0, 0], [1, 1, 1], [-1, -1, -1], [65504, 65504, 65504], [65504, 0, 0], [0, 65504, -65504], [1e6, 1e6, 1e6], [1e-7, 1e-7, 1e-7],
    [1e-30, 1e-38, 1e-42], [-1e-7, 1e-7, 0], [-0.05, 0.3, 0.3], [5, -0.5, 0.1], [0.18, 0.18, 0.18], [-0.1, -0.2, -0.3],
    [np.inf, 0.5, 0.5], [0.5, -np.inf, 0.5], [0.5, 0.5, np.nan], [np.nan] * 3, [np.inf] * 3, [-np.inf] * 3,
]


def rows(coded):
    """Grey and colour. Code values reach a little beyond 0 and 1, scene light from 14 stops below white to 8 above."""
    third = max(COUNT // 3, 1)
    if coded:
        grey = np.repeat(RANDOM.uniform(-0.1, 1.1, (third, 1)), 3, axis=1)
        wide = RANDOM.uniform(-0.05, 1.1, (COUNT - 2 * third, 3))
        near = RANDOM.uniform(0.1, 0.8, (third, 1)) + RANDOM.normal(0, 0.05, (third, 3))
    else:
        grey = np.repeat(2.0 ** RANDOM.uniform(-14, 8, (third, 1)), 3, axis=1)
        wide = 2.0 ** RANDOM.uniform(-14, 8, (COUNT - 2 * third, 3)) * RANDOM.choice([1, 1, 1, 1, -0.2], (COUNT - 2 * third, 3))
        near = 2.0 ** RANDOM.uniform(-10, 5, (third, 1)) * RANDOM.uniform(0.3, 1.6, (third, 3))
    return np.concatenate([np.array(EXTREME), grey, wide, near]).astype(np.float32)


def emit(config, transform, coded, told):
    cpu = config.getProcessor(transform).getOptimizedCPUProcessor(ocio.OPTIMIZATION_NONE)

    def through(rgb):
        out = np.ascontiguousarray(rgb, dtype=np.float32).copy()
        cpu.applyRGB(out)
        return out

    given = rows(coded)
    want = through(given)
    sens = np.zeros(len(given))
    wide = given.astype(np.float64)
    with np.errstate(all="ignore"):
        for channel in range(3):
            for sign in (1, -1):
                moved = wide.copy()
                moved[:, channel] += sign * (np.abs(moved[:, channel]) * 1e-6 + 1e-8)
                sens = np.maximum(sens, np.nan_to_num(np.abs(through(moved) - want)).max(axis=1))
    lines = [",".join([f"{v:.9g}" for v in one] + [f"{v:.9g}" for v in two] + [f"{s:.1e}"]) for one, two, s in zip(given, want, sens)]
    print(json.dumps({**told, "rows": "\n".join(lines)}))


for aces, name in CONFIGS.items():
    config = ocio.Config.CreateFromBuiltinConfig(name)
    seen = 0
    for space in config.getColorSpaces(ocio.SEARCH_REFERENCE_SPACE_SCENE, ocio.COLORSPACE_ALL):
        if space.isData():
            continue
        called = space.getName()
        coded = space.getEncoding() in ("log", "sdr-video")
        emit(config, ocio.ColorSpaceTransform(called, "ACES2065-1"), coded, {"aces": aces, "src": called, "dst": "ACES2065-1"})
        emit(config, ocio.ColorSpaceTransform("ACES2065-1", called), False, {"aces": aces, "src": "ACES2065-1", "dst": called})
    for look in config.getLookNames():
        told = {"aces": aces, "src": "ACES2065-1", "dst": "ACES2065-1", "look": look}
        emit(config, ocio.LookTransform(src="ACES2065-1", dst="ACES2065-1", looks=look), False, told)
    for display in config.getDisplaysAll():
        for view in config.getViews(display):
            for source, coded in (("ACES2065-1", False), ("ARRI LogC3 (EI800)", True)):
                told = {"aces": aces, "src": source, "display": display, "view": view}
                emit(config, ocio.DisplayViewTransform(src=source, display=display, view=view), coded, told)
