"""Evaluates AMF files with OpenColorIO's C++ library, for the test beside it.

Usage: oracle_amf.py FOLDER < points.csv; prints one JSON object a file: {"file", "rows"} or {"file", "why"}.

What OpenColorIO's configurations name is evaluated by it. What they do not is computed here from the makers' and the Academy's
published formulas, in 64 bits, independently of the crate. Nothing of the crate is used.
"""
import json, math, os, re, sys
import xml.etree.ElementTree as ET

import numpy as np
import PyOpenColorIO as ocio

V13, V20 = "studio-config-v2.2.0_aces-v1.3_ocio-v2.4", "studio-config-v5.0.0_aces-v2.1_ocio-v2.6"
CONFIGS = {name: ocio.Config.CreateFromBuiltinConfig(name) for name in (V20, V13)}
URN = re.compile(r"urn:ampas:aces:transformId:v\d\.\d:\S+")


def engine(config, transform, rgb):
    cpu = CONFIGS[config].getProcessor(transform).getOptimizedCPUProcessor(ocio.OPTIMIZATION_NONE)
    out = np.ascontiguousarray(rgb, dtype=np.float32).copy()
    cpu.applyRGB(out)
    return out


def index():
    found = {}
    for name, config in CONFIGS.items():
        def add(item, kind, called):
            texts = [item.getDescription() or ""]
            if hasattr(item, "getInterchangeAttributes"):
                texts += dict(item.getInterchangeAttributes()).values()
            for urn in {u for text in texts for u in URN.findall(text)}:
                found.setdefault(urn, []).append((name, kind, called))
        for called in config.getColorSpaceNames(ocio.SEARCH_REFERENCE_SPACE_ALL, ocio.COLORSPACE_ALL):
            space = config.getColorSpace(called)
            display = space.getReferenceSpaceType() == ocio.REFERENCE_SPACE_DISPLAY
            add(space, "display" if display else "space", called)
        for called in config.getViewTransformNames():
            add(config.getViewTransform(called), "view", called)
        for look in config.getLooks():
            add(look, "look", look.getName())
    return found


IDS = index()

# --- published formulas -----------------------------------------------------------------------------------------------------------
AWG3 = np.array([[0.680206, 0.236137, 0.083658], [0.085415, 1.017471, -0.102886], [0.002057, -0.062563, 1.060506]])


def logc3(ei):
    """ARRI, LogC3 with highlight roll-off, as `Lib.Arri.LogC3.ctl` of the Academy's input transforms."""
    black, grey0, gain0, off0, cut = 16 / 4095, 0.01, 500 / 1023 * 0.525, 400 / 1023, 1 / 9
    slope = 1 / (cut * math.log(10))
    offset = math.log10(cut) - slope * cut
    gain = ei / 400
    grey = grey0 / gain
    enc, off = (math.log2(gain) * (0.89 - 1) / 3 + 1) * gain0, off0
    for _ in range(3):
        nz = ((95 / 1023 - off) / enc - offset) / slope
        off = off0 - math.log10(1 + nz) * enc
    white = math.log10((1 - black) / grey + nz) * enc + off

    def one(t):
        if white > 1 and t > 0.8:
            s = (t - 0.8) / 0.2
            r, d = 1 - s, 0.2 / (white - 0.8)
            t = (1 + 2 * s) * r * r * 0.8 + (3 - 2 * s) * s * s * white + 0.2 * s * r * r - 0.2 * s * s * r / (d * d)
        o = (t - off) / enc
        ns = (o - offset) / slope
        if ns > cut:
            ns = 10 ** o
        return (ns - nz) * grey * 0.18 / (grey0 * 400 / ei)
    return one


def slog(second, bits):
    top, black, white, edge = {10: (1023, 64, 940, 90), 12: (4095, 256, 3760, 360)}[bits]

    def one(t):
        cv = t * top
        x = (cv - black) / (white - black)
        if cv >= edge:
            lin = 10 ** ((x - 0.616596 - 0.03) / 0.432699) - 0.037584
            return lin * 0.9 * (219 / 155 if second else 1)
        return (x - 0.030001222851889303) / (3.53881278538813 if second else 5) * 0.9
    return one


def clog2(t):
    sign = -1 if t < 0.092864125 else 1
    return sign * (10 ** (abs(t - 0.092864125) / 0.24136077) - 1) / 87.099375 * 0.9


def clog3(t):
    if t < 0.097465473:
        return -(10 ** ((0.12783901 - t) / 0.36726845) - 1) / 14.98325 * 0.9
    if t <= 0.15277891:
        return (t - 0.12512219) / 1.9754798 * 0.9
    return (10 ** ((t - 0.12240537) / 0.36726845) - 1) / 14.98325 * 0.9


SONY = {
    "SLog1_SGamut": [[0.754338638, 0.133697046, 0.111968437], [0.021198141, 1.005410934, -0.026610548],
                     [-0.009756991, 0.004508563, 1.005253201]],
    "SLog2_SGamut_Daylight": [[0.8764457030, 0.0145411681, 0.1090131290], [0.0774075345, 0.9529571767, -0.0303647111],
                              [0.0573564351, -0.1151066335, 1.0577501984]],
    "SLog2_SGamut_Tungsten": [[1.0110238740, -0.1362526051, 0.1252287310], [0.1011994504, 0.9562196265, -0.0574190769],
                              [0.0600766530, -0.1010185315, 1.0409418785]],
}
CANON = {
    "CinemaGamut_D55": [[0.763064455, 0.149021161, 0.087914384], [0.003657457, 1.106960380, -0.110617837],
                        [-0.009407794, -0.218383305, 1.227791099]],
    "CinemaGamut_Tng": [[0.817416293, 0.090755698, 0.091828009], [-0.035361374, 1.065690585, -0.030329211],
                        [0.010390366, -0.299271107, 1.288880741]],
    "BT2020_D55": [[0.678891151, 0.158868422, 0.162240427], [0.045570831, 0.860712772, 0.093716397],
                   [-0.000485710, 0.025060196, 0.975425515]],
    "BT2020_Tng": [[0.724488568, 0.115140904, 0.160370529], [0.010659276, 0.839605344, 0.149735380],
                   [0.014560161, -0.028562057, 1.014001897]],
}


def primaries(r, g, b, white):
    xyz = lambda x, y: np.array([x / y, 1, (1 - x - y) / y])
    columns = np.stack([xyz(*r), xyz(*g), xyz(*b)], axis=1)
    return columns * np.linalg.solve(columns, xyz(*white))


def adapt(cone, source, target):
    xyz = lambda x, y: np.array([x / y, 1, (1 - x - y) / y])
    return np.linalg.inv(cone) @ np.diag((cone @ xyz(*target)) / (cone @ xyz(*source))) @ cone


CAT02 = np.array([[0.7328, 0.4296, -0.1624], [-0.7036, 1.6975, 0.0061], [0.0030, 0.0136, 0.9834]])
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
D60, D65 = (0.32168, 0.33767), (0.3127, 0.3290)
AP0 = primaries((0.7347, 0.2653), (0.0, 1.0), (0.0001, -0.0770), D60)
P3 = [(0.680, 0.320), (0.265, 0.690), (0.150, 0.060)]
REC2020 = [(0.708, 0.292), (0.170, 0.797), (0.131, 0.046)]
REC2020_TO_AP0 = np.linalg.inv(AP0) @ adapt(CAT02, D65, D60) @ primaries(*REC2020, D65)


def curve(function, matrix):
    return lambda rgb: np.vectorize(function)(rgb.astype(np.float64)) @ np.array(matrix).T


def proxy12(rgb):
    """ACESproxy, S-2013-001, 12 bits; clamped to legal codes as OpenColorIO's 10-bit transform is."""
    code = np.clip(rgb.astype(np.float64) * 4095, 256, 3760)
    linear = 2.0 ** ((code - 1700) / 200 - 2.5)
    return engine(V20, ocio.ColorSpaceTransform("ACEScg", "ACES2065-1"), linear)


def builtin(style, inverse=False):
    direction = ocio.TRANSFORM_DIR_INVERSE if inverse else ocio.TRANSFORM_DIR_FORWARD
    return lambda rgb: engine(V20, ocio.BuiltinTransform(style=style, direction=direction), rgb)


def own_input(urn):
    body = urn.split(":")[-1]
    if m := re.fullmatch(r"IDT\.ARRI\.Alexa-v3-logC-EI(\d+)\.a1\.v2", body):
        return curve(logc3(int(m[1])), AWG3)
    if m := re.fullmatch(r"(?:IDT|CSC)\.Sony\.(SLog([12])_SGamut\w*?)_(10|12)i(?:_to_ACES)?\.a[12]\.v1", body):
        return curve(slog(m[2] == "2", int(m[3])), SONY[m[1]])
    if m := re.fullmatch(r"IDT\.Canon\.CanonLog([23])_(\w+)\.a1\.v2", body):
        return curve({"2": clog2, "3": clog3}[m[1]], CANON[m[2]])
    if m := re.fullmatch(r"CSC\.Canon\.CLog([23])_BT2020_to_ACES\.a1\.v1", body):
        return curve({"2": clog2, "3": clog3}[m[1]], REC2020_TO_AP0)
    if re.fullmatch(r"(ACEScsc|CSC)\.Academy\.ACESproxy10i_to_ACES\.a\S+", body):
        return builtin("ACESproxy10i_to_ACES2065-1")
    if re.fullmatch(r"(ACEScsc|CSC)\.Academy\.ACESproxy12i_to_ACES\.a\S+", body):
        return proxy12
    raise KeyError(urn)


def own_look(urn):
    if urn.endswith(":LMT.Academy.BlueLightArtifactFix.a1.1.0"):
        return builtin("ACES-LMT - BLUE_LIGHT_ARTIFACT_FIX")
    raise KeyError(urn)


def dcdm(name, inverse):
    """ODT.Academy.DCDM*: cinema rendering, white of the transform, limit, ST 428-1."""
    render = "ACES-OUTPUT - ACES2065-1_to_CIE-XYZ-D65 - SDR-CINEMA_1.0"
    to_d60 = adapt(BRADFORD, D65, D60)
    if inverse:
        def back(rgb):
            xyz = np.clip(rgb.astype(np.float64), 0, None) ** 2.6 * 52.37 / 48
            return builtin(render, True)(xyz @ np.linalg.inv(to_d60).T)
        if name != "DCDM":
            raise KeyError(name)
        return back

    def forward(rgb):
        xyz = builtin(render)(rgb).astype(np.float64)
        if name != "DCDM_P3D65limited":
            xyz = xyz @ to_d60.T
        if name != "DCDM":
            gamut = primaries(*P3, D65 if "D65" in name else D60)
            xyz = np.clip(xyz @ np.linalg.inv(gamut).T, 0, 1) @ gamut.T
        return (np.clip(xyz, 0, None) * 48 / 52.37) ** (1 / 2.6)
    return forward


ENCODINGS = {
    ("Rec709-D65", "BT1886"): "REC.1886-REC.709", ("Rec709-D65", "Gamma2pt2"): "G2.2-REC.709",
    ("Rec709-D65", "sRGB-Piecewise"): "sRGB", ("P3-D65", "ST2084"): "ST2084-P3-D65", ("P3-D65", "Gamma2pt6"): "G2.6-P3-D65",
    ("P3-D65", "sRGB-Piecewise"): "DisplayP3", ("Rec2100-D65", "ST2084"): "REC.2100-PQ",
    ("Rec2100-D65", "HLG"): "REC.2100-HLG-1000nit", ("XYZ-E", "Gamma2pt6"): "DCDM-D65", ("XYZ-E", "ST2084"): "ST2084-DCDM-D65",
}


def own_output(urn, inverse):
    if m := re.fullmatch(r"\S+:(Inv)?ODT\.Academy\.(DCDM\w*)\.a1\.(?:0\.3|1\.0)", urn):
        return dcdm(m[2], inverse or bool(m[1]))
    m = re.fullmatch(r"\S+:(Inv)?Output\.Academy\.(\S+?)-(D6[05])_(\d+)nit_in_(\S+?)_(\S+?)\.a2\.v1", urn)
    if not m or inverse or m[1]:
        raise KeyError(urn)
    _, gamut, white, nits, encoding, transfer = m.groups()
    names = {"Rec709": "REC709", "P3": "P3", "Rec2100": "REC2020"}
    peak = 100 if nits == "48" else int(nits)
    if white == "D60":
        within = "XYZ-E" if encoding == "XYZ-E" else names[encoding.split("-")[0]] + "-D65"
        rendering = f"{names[gamut]}-D60-in-{within}"
    else:
        rendering = "P3-D65" if gamut == "P3" else names[gamut]
    kind = "SDR" if peak == 100 else "HDR"
    render = builtin(f"ACES-OUTPUT - ACES2065-1_to_CIE-XYZ-D65 - {kind}-{peak}nit-{rendering}_2.0")
    if (encoding, transfer) == ("P3-D65", "Gamma2pt2"):
        # In 32 bits, as the library's own displays: a pure power is steep at black.
        wide = np.eye(4)
        wide[:3, :3] = np.linalg.inv(primaries(*P3, D65))
        show = ocio.GroupTransform()
        show.appendTransform(ocio.MatrixTransform(wide.flatten().tolist()))
        show.appendTransform(ocio.ExponentTransform([2.2, 2.2, 2.2, 1], direction=ocio.TRANSFORM_DIR_INVERSE))
        return lambda rgb: engine(V20, show, render(rgb))
    show = ENCODINGS.get((encoding, transfer))
    if show is None:
        raise KeyError(urn)
    if show == "DisplayP3" and peak > 100:
        show = "DisplayP3-HDR"
    return lambda rgb: builtin(f"DISPLAY - CIE-XYZ-D65_to_{show}")(render(rgb))


# --- following a file -------------------------------------------------------------------------------------------------------------
def space(urn, turned=False):
    body = urn.split(":")[-1]
    if body.startswith("ACEScsc.") and urn not in IDS and not body.startswith("ACEScsc.Academy."):
        stem = "ACEScsc.Academy." + body[len("ACEScsc."):].split(".a1.")[0] + "."
        urn = next((known for known in IDS if known.split(":")[-1].startswith(stem)), urn)
    for config, kind, called in IDS.get(urn, []):
        if kind == "space":
            outward = ".ACES_to_" in urn
            pair = (called, "ACES2065-1") if outward == turned else ("ACES2065-1", called)
            return lambda rgb: engine(config, ocio.ColorSpaceTransform(*pair), rgb)
    if turned:
        raise KeyError(urn)
    return own_input(urn)


def output(urn, inverse=False):
    inverse = inverse or ":Inv" in urn
    entries = IDS.get(urn, [])
    for config in (V20, V13):
        of = lambda kind: [called for name, of_kind, called in entries if name == config and of_kind == kind]
        for display in of("display"):
            for view in of("view"):
                if view in list(CONFIGS[config].getViews(display)):
                    direction = ocio.TRANSFORM_DIR_INVERSE if inverse else ocio.TRANSFORM_DIR_FORWARD
                    transform = ocio.DisplayViewTransform(src="ACES2065-1", display=display, view=view, direction=direction)
                    return lambda rgb: engine(config, transform, rgb)
    return own_output(urn, inverse)


def steps_of(path):
    root = ET.parse(path).getroot()
    base = os.path.dirname(path)
    name = lambda node: node.tag.split("}")[-1]
    child = lambda node, *names: next((inner for inner in node if name(inner) in names), None) if node is not None else None
    text = lambda node, tag: (child(node, tag).text or "").strip() if child(node, tag) is not None else ""
    waits = lambda node: node.get("applied", "false") not in ("true", "1")
    file_step = lambda node: (lambda rgb: engine(V20, ocio.FileTransform(os.path.join(base, text(node, "file"))), rgb))
    if not re.fullmatch(r"\{urn:ampas:aces:amf:v[12]\.0\}acesMetadataFile", root.tag):
        raise ValueError("no AMF of version 1.0 or 2.0")
    steps = []
    for node in child(root, "pipeline"):
        if name(node) == "inputTransform" and waits(node):
            turned = child(node, "inverseOutputTransform", "inverseOutputDeviceTransform")
            if turned is not None:
                steps.append(output(text(turned, "transformId"), True))
            elif text(node, "transformId"):
                steps.append(space(text(node, "transformId")))
            else:
                steps.append(file_step(node))
        elif name(node) == "lookTransform" and waits(node):
            sop, sat = child(node, "SOPNode", "ASC_SOP"), child(node, "SatNode", "ASC_SAT")
            if sop is not None:
                numbers = lambda tag: [float(word) for word in text(sop, tag).split()]
                cdl = ocio.CDLTransform(slope=numbers("Slope"), offset=numbers("Offset"), power=numbers("Power"),
                                        sat=float(text(sat, "Saturation")) if sat is not None else 1.0)
                within = child(node, "cdlWorkingSpace", "lookTransformWorkingSpace")
                side = lambda start: next((text(inner, "transformId") for inner in (within if within is not None else [])
                                           if name(inner).startswith(start)), "")
                to, back = side("to"), side("from")
                if to or back:
                    steps.append(space(to) if to else space(back, turned=True))
                steps.append(lambda rgb, cdl=cdl: engine(V20, cdl, rgb))
                if to or back:
                    steps.append(space(back) if back else space(to, turned=True))
            elif text(node, "file"):
                steps.append(file_step(node))
            else:
                urn = text(node, "transformId")
                of = [(config, called) for config, kind, called in IDS.get(urn, []) if kind == "look"]
                if of:
                    config, called = of[0]
                    look = ocio.LookTransform(src="ACES2065-1", dst="ACES2065-1", looks=("-" if ":Inv" in urn else "") + called)
                    steps.append(lambda rgb, config=config, look=look: engine(config, look, rgb))
                else:
                    steps.append(own_look(urn))
        elif name(node) == "outputTransform" and waits(node):
            device = child(node, "outputDeviceTransform")
            steps.append(output(text(device if device is not None else node, "transformId")))
    return steps


def main():
    points = np.array([[float(word) for word in line.split(",")] for line in sys.stdin if line.strip()], dtype=np.float32)
    for folder, _, names in sorted(os.walk(sys.argv[1])):
        for file in sorted(names):
            if not file.endswith(".amf"):
                continue
            path = os.path.join(folder, file)
            answer = {"file": os.path.relpath(path, sys.argv[1])}
            try:
                steps = steps_of(path)

                def run(rgb):
                    for step in steps:
                        rgb = np.asarray(step(rgb), dtype=np.float32)
                    return rgb
                rows = run(points)
                # The steepness of each row: how far the answer moves for a millionth of each input.
                sens = np.zeros(len(points))
                for channel in range(3):
                    for sign in (1, -1):
                        moved = points.astype(np.float64)
                        moved[:, channel] += sign * (np.abs(moved[:, channel]) * 1e-6 + 1e-8)
                        sens = np.maximum(sens, np.nan_to_num(np.abs(run(moved.astype(np.float32)) - rows)).max(axis=1))
                answer["rows"] = [[float(value) for value in (*row, steep)] for row, steep in zip(rows, sens)]
            except Exception as error:  # what cannot be followed is an answer
                answer["why"] = f"{type(error).__name__}: {error}"[:200]
            print(json.dumps(answer))


main()
