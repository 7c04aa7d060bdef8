"""Writes CLF files of every kind of node and option, good and broken, and evaluates them with OpenColorIO's C++ library, for the test
beside it.

Usage: oracle_clf.py SEED; the first line is a JSON object with the points (lines `r,g,b`), then one object a file: {"name", "clf"} with
"rows" (lines `r,g,b`), or "why" where the library refuses the file. Nothing of the crate is used.
"""
import json, sys, tempfile

import numpy as np
import PyOpenColorIO as ocio

RANDOM = np.random.default_rng(int(sys.argv[1]))
DEPTHS = ["8i", "10i", "12i", "16i", "16f", "32f"]
SCALE = {"8i": 255, "10i": 1023, "12i": 4095, "16i": 65535, "16f": 1, "32f": 1}
FILES = {}


def file(name, nodes, head='compCLFversion="3.0" id="x"'):
    FILES[name] = f'<?xml version="1.0" encoding="UTF-8"?>\n<ProcessList {head}>\n{nodes}\n</ProcessList>\n'


def node(kind, body="", attributes="", depth_in="32f", depth_out="32f"):
    return f'<{kind} inBitDepth="{depth_in}" outBitDepth="{depth_out}" {attributes}>{body}</{kind}>'


def words(values):
    return " ".join(f"{value:.9g}" for value in np.asarray(values).ravel())


def array(values, dim):
    return f'<Array dim="{dim}">{words(values)}</Array>'


# --- Matrix
three = np.array([[0.7, 0.2, 0.1], [-0.05, 1.1, -0.05], [0.02, -0.12, 1.1]])
four = np.concatenate([three, [[0.1], [-0.2], [0.05]]], axis=1)
for one in DEPTHS:
    for two in DEPTHS:
        by = SCALE[two] / SCALE[one]
        file(f"matrix {one} {two}", node("Matrix", array(three * by, "3 3"), "", one, two))
    offset = four.copy()
    offset[:, 3] *= SCALE[one]
    file(f"matrix offset {one}", node("Matrix", array(offset, "3 4"), "", one, one))
file("matrix v2", node("Matrix", array(three, "3 3 3")), 'compCLFversion="2.0" id="x"')
file("matrix v2 offset", node("Matrix", array(four, "3 4 3")), 'compCLFversion="1.2" id="x"')
for dim, count in (("3 3", 8), ("3 3", 10), ("3 4", 9), ("4 4", 16), ("2 2", 4), ("3 3 3", 9), ("3", 3), ("-3 3", 9), ("3 x", 9), ("", 9)):
    file(f"bad matrix {dim} {count}", node("Matrix", array(np.arange(count) / 10, dim)))
file("bad matrix without array", node("Matrix"))
file("bad matrix words", node("Matrix", '<Array dim="3 3">1 0 0 0 one 0 0 0 1</Array>'))
file("matrix nan", node("Matrix", '<Array dim="3 3">1 0 0 0 1 0 0 0 nan</Array>'))
file("matrix not by blanks", node("Matrix", '<Array dim="3 3">\n1,0,0\n0,1,0\n0,0,1</Array>'))

# --- Range
def bounds(**values):
    return "".join(f"<{name}Value> {value:.9g} </{name}Value>" for name, value in values.items())

for one in DEPTHS:
    for two in ("32f", "10i", "8i"):
        a, b = SCALE[one], SCALE[two]
        full = bounds(minIn=0.1 * a, maxIn=0.9 * a, minOut=0.05 * b, maxOut=0.8 * b)
        file(f"range {one} {two}", node("Range", full, "", one, two))
        file(f"range no clamp {one} {two}", node("Range", full, 'style="noClamp"', one, two))
        file(f"range low {one} {two}", node("Range", bounds(minIn=0.1 * a, minOut=0.1 * b), "", one, two))
        file(f"range high {one} {two}", node("Range", bounds(maxIn=0.8 * a, maxOut=0.8 * b), 'style="Clamp"', one, two))
for name, body in {
    "only in": bounds(minIn=0, maxIn=1), "low in high out": bounds(minIn=0, maxOut=1), "none": "", "turned": bounds(minIn=1, maxIn=0, minOut=0, maxOut=1),
    "equal": bounds(minIn=0.5, maxIn=0.5, minOut=0.2, maxOut=0.7), "out turned": bounds(minIn=0, maxIn=1, minOut=1, maxOut=0),
    "low differs": bounds(minIn=0.1, minOut=0.2), "out equal": bounds(minIn=0, maxIn=1, minOut=0.5, maxOut=0.5),
    "words": "<minInValue>none</minInValue><minOutValue>0</minOutValue>",
}.items():
    file(f"range {name}", node("Range", body))
    file(f"range no clamp {name}", node("Range", body, 'style="noClamp"'))
file("range style", node("Range", bounds(minIn=0, maxIn=1, minOut=0, maxOut=1), 'style="clamped"'))

# --- Log
for style in ("log10", "antiLog10", "log2", "antiLog2"):
    file(f"log {style}", node("Log", "", f'style="{style}"'))
    file(f"log {style} with params", node("Log", '<LogParams base="2" logSideSlope="0.5"/>', f'style="{style}"'))
plain = 'base="10" logSideSlope="0.25" logSideOffset="0.38" linSideSlope="5.5" linSideOffset="0.05"'
red = plain.replace("0.25", "0.3") + ' channel="R"'
for style in ("linToLog", "logToLin"):
    file(f"log {style}", node("Log", f"<LogParams {plain}/>", f'style="{style}"'))
    file(f"log {style} default", node("Log", "", f'style="{style}"'))
    file(f"log {style} base", node("Log", '<LogParams base="8"/>', f'style="{style}"'))
    many = "".join(f'<LogParams {plain.replace("0.05", value)} channel="{c}"/>' for c, value in zip("RGB", ("0.02", "0.05", "0.09")))
    file(f"log {style} channels", node("Log", many, f'style="{style}"'))
    file(f"log {style} one channel", node("Log", f"<LogParams {red}/>", f'style="{style}"'))
    file(f"log {style} two bases", node("Log", many.replace('"10"', '"2"', 1), f'style="{style}"'))
    file(f"log {style} break", node("Log", f'<LogParams {plain} linSideBreak="0.01"/>', f'style="{style}"'))
for style in ("cameraLinToLog", "cameraLogToLin"):
    file(f"log {style}", node("Log", f'<LogParams {plain} linSideBreak="0.0106"/>', f'style="{style}"'))
    file(f"log {style} slope", node("Log", f'<LogParams {plain} linSideBreak="0.0106" linearSlope="5.4"/>', f'style="{style}"'))
    file(f"log {style} no break", node("Log", f"<LogParams {plain}/>", f'style="{style}"'))
    file(f"log {style} no params", node("Log", "", f'style="{style}"'))
    many = "".join(f'<LogParams {plain} linSideBreak="{value}" channel="{c}"/>' for c, value in zip("RGB", ("0.01", "0.02", "0.03")))
    file(f"log {style} channels", node("Log", many, f'style="{style}"'))
    file(f"log {style} few slopes", node("Log", many.replace('channel="R"', 'linearSlope="5" channel="R"'), f'style="{style}"'))
for name, params in {
    "base 1": 'base="1"', "base 0": 'base="0"', "base minus": 'base="-2"', "slope 0": 'logSideSlope="0"', "lin slope 0": 'linSideSlope="0"',
    "word": 'base="ten"', "other": 'gain="2"', "channel": 'base="2" channel="X"',
}.items():
    file(f"bad log {name}", node("Log", f"<LogParams {params}/>", 'style="linToLog"'))
file("bad log style", node("Log", "", 'style="log5"'))
file("bad log without style", node("Log"))
file("log depths", node("Log", "", 'style="log10"', "10i", "16f"))

# --- Exponent
for base in ("basic", "basicMirror", "basicPassThru", "monCurve", "monCurveMirror"):
    for way in ("Fwd", "Rev"):
        style = f'style="{base}{way}"'
        offset = ' offset="0.055"' if base.startswith("mon") else ""
        file(f"exponent {base}{way}", node("Exponent", f'<ExponentParams exponent="2.4"{offset}/>', style))
        many = "".join(f'<ExponentParams channel="{c}" exponent="{v}"{offset}/>' for c, v in zip("RGB", (2.4, 1.8, 2.2)))
        file(f"exponent {base}{way} channels", node("Exponent", many, style))
        file(f"exponent {base}{way} one channel", node("Exponent", f'<ExponentParams channel="G" exponent="1.8"{offset}/>', style))
        file(f"exponent {base}{way} turned", node("Exponent", f'<ExponentParams exponent="2.4"{"" if offset else " offset=" + chr(34) + "0.1" + chr(34)}/>', style))
        file(f"exponent {base}{way} none", node("Exponent", "", style))
        for value in ("0", "-1", "0.005", "150", "1"):
            file(f"exponent {base}{way} {value}", node("Exponent", f'<ExponentParams exponent="{value}"{offset}/>', style))
        for value in ("-0.1", "0", "0.95", "1"):
            file(f"exponent {base}{way} offset {value}", node("Exponent", f'<ExponentParams exponent="2.2" offset="{value}"/>', style))
file("exponent v2", node("Gamma", '<GammaParams gamma="2.4"/>', 'style="basicFwd"'), 'compCLFversion="2.0" id="x"')
file("bad exponent style", node("Exponent", '<ExponentParams exponent="2.4"/>', 'style="power"'))
file("bad exponent without style", node("Exponent", '<ExponentParams exponent="2.4"/>'))
file("bad exponent channel", node("Exponent", '<ExponentParams exponent="2.4" channel="A"/>', 'style="basicFwd"'))
file("exponent depths", node("Exponent", '<ExponentParams exponent="2.4"/>', 'style="basicFwd"', "12i", "8i"))

# --- ASC_CDL
sop = "<SOPNode><Slope>1.1 0.9 1.2</Slope><Offset>0.02 -0.01 0.03</Offset><Power>1.2 0.9 1</Power></SOPNode>"
sat = "<SatNode><Saturation>0.7</Saturation></SatNode>"
for style in ("Fwd", "Rev", "FwdNoClamp", "RevNoClamp", "v1.2_Fwd", "v1.2_Rev", "noClampFwd", "noClampRev", "fwd", "Other"):
    file(f"cdl {style}", node("ASC_CDL", sop + sat, f'style="{style}"'))
for name, body in {
    "default style": sop + sat, "sop": sop, "sat": sat, "none": "", "sat first": sat + sop, "slope 0": sop.replace("1.1", "0"), "slope minus": sop.replace("1.1", "-1"),
    "power 0": sop.replace("1.2 0.9 1<", "0 0.9 1<"), "sat minus": sat.replace("0.7", "-0.2"), "sat 0": sat.replace("0.7", "0"),
    "two numbers": sop.replace("1.1 0.9 1.2", "1.1 0.9"), "no offset": sop.replace("<Offset>0.02 -0.01 0.03</Offset>", ""), "word": sop.replace("1.1", "one"),
    "sop twice": sop + sop, "twice slope": sop.replace("<Slope>", "<Slope>1 1 1</Slope><Slope>"),
}.items():
    file(f"cdl {name}", node("ASC_CDL", body, "" if name == "default style" else 'style="FwdNoClamp"'))
    file(f"cdl rev {name}", node("ASC_CDL", body, 'style="Rev"'))
file("cdl depths", node("ASC_CDL", sop + sat, 'style="Fwd"', "10i", "16i"))

# --- LUT1D
curve = np.linspace(0, 1, 17) ** 0.6
for one in DEPTHS:
    for two in DEPTHS:
        file(f"lut1d {one} {two}", node("LUT1D", array(curve * SCALE[two], "17 1"), "", one, two))
rgb = np.stack([curve, curve**2, 1 - curve], axis=1)
file("lut1d three", node("LUT1D", array(rgb, "17 3")))
for interpolation in ("linear", "cubic", "default", "tetrahedral", "nearest", ""):
    file(f"lut1d {interpolation}", node("LUT1D", array(rgb, "17 3"), f'interpolation="{interpolation}"'))
file("lut1d beyond", node("LUT1D", array(rgb * 3 - 1, "17 3")))
with np.errstate(all="ignore"):
    halves = np.arange(65536, dtype=np.uint16).view(np.float16).astype(np.float32)
    bent = np.nan_to_num(np.sign(halves) * np.abs(halves) ** 0.5, nan=0.0, posinf=65504, neginf=-65504)
file("lut1d half domain", node("LUT1D", array(bent, "65536 1"), 'halfDomain="true"', "16f", "16f"))
file("lut1d half domain of 32f", node("LUT1D", array(bent, "65536 1"), 'halfDomain="true"'))
raw = bent.astype(np.float16).view(np.uint16)
file("lut1d raw halfs", node("LUT1D", array(raw, "65536 1"), 'halfDomain="true" rawHalfs="true"', "16f", "16f"))
file("lut1d raw halfs short", node("LUT1D", array(curve.astype(np.float16).view(np.uint16), "17 1"), 'rawHalfs="true"', "16f", "16f"))
file("lut1d half domain short", node("LUT1D", array(curve, "17 1"), 'halfDomain="true"'))
file("lut1d half domain false", node("LUT1D", array(curve, "17 1"), 'halfDomain="false"'))
file("lut1d hue", node("LUT1D", array(rgb, "17 3"), 'hueAdjust="dw3"'))
file("lut1d hue other", node("LUT1D", array(rgb, "17 3"), 'hueAdjust="dw4"'))
file("lut1d hue v2", node("LUT1D", array(rgb, "17 3"), 'hueAdjust="dw3"'), 'compCLFversion="2.0" id="x"')
index = '<IndexMap dim="2">{}</IndexMap>'
file("lut1d index map", node("LUT1D", index.format("0.1@0 0.9@16") + array(rgb, "17 3")), 'compCLFversion="2.0" id="x"')
file("lut1d index map 10i", node("LUT1D", index.format("64@0 940@16") + array(rgb, "17 3"), "", "10i", "32f"), 'compCLFversion="2.0" id="x"')
file("lut1d index map v3", node("LUT1D", index.format("0.1@0 0.9@16") + array(rgb, "17 3")))
file("lut1d index map long", node("LUT1D", '<IndexMap dim="3">0@0 0.5@9 1@16</IndexMap>' + array(rgb, "17 3")), 'compCLFversion="2.0" id="x"')
file("lut1d index map inside", node("LUT1D", index.format("0.1@3 0.9@12") + array(rgb, "17 3")), 'compCLFversion="2.0" id="x"')
for dim, count in (("17 1", 16), ("17 1", 18), ("17 3", 17), ("17 2", 34), ("0 1", 0), ("1 1", 1), ("1 3", 3), ("17 4", 68), ("17", 17), ("17 1 1", 17), ("-1 1", 17)):
    file(f"bad lut1d {dim} {count}", node("LUT1D", array(np.linspace(0, 1, count), dim)))
file("lut1d two", node("LUT1D", array([0.2, 0.7], "2 1")))
file("lut1d nan", node("LUT1D", '<Array dim="3 1">0 nan 1</Array>'))

# --- LUT3D
def cube(size, scale=1):
    return RANDOM.uniform(0, scale, size**3 * 3)

for size in (2, 3, 5, 17):
    for interpolation in ("trilinear", "tetrahedral", "linear", "default", "nearest"):
        file(f"lut3d {size} {interpolation}", node("LUT3D", array(cube(size), f"{size} {size} {size} 3"), f'interpolation="{interpolation}"'))
    file(f"lut3d {size}", node("LUT3D", array(cube(size), f"{size} {size} {size} 3")))
for one in DEPTHS:
    for two in DEPTHS:
        file(f"lut3d {one} {two}", node("LUT3D", array(cube(3, SCALE[two]), "3 3 3 3"), "", one, two))
file("lut3d beyond", node("LUT3D", array(cube(4) * 4 - 2, "4 4 4 3")))
file("lut3d raw halfs", node("LUT3D", array(cube(3).astype(np.float16).view(np.uint16), "3 3 3 3"), 'rawHalfs="true"', "16f", "16f"))
file("lut3d index map", node("LUT3D", index.format("0.1@0 0.9@2") + array(cube(3), "3 3 3 3")), 'compCLFversion="2.0" id="x"')
for dim, count in (("3 3 3 3", 80), ("3 3 3 3", 82), ("3 3 4 3", 108), ("3 3 3 1", 27), ("1 1 1 3", 3), ("0 0 0 3", 0), ("3 3 3", 81), ("130 130 130 3", 10), ("27 3", 81)):
    file(f"bad lut3d {dim} {count}", node("LUT3D", array(np.zeros(count), dim)))

# --- Lists of nodes, heads and what may stand around
log = node("Log", f"<LogParams {plain}/>", 'style="linToLog"')
file("chain", node("Matrix", array(three, "3 3")) + log + node("LUT3D", array(cube(3), "3 3 3 3")) + node("Range", bounds(minIn=0, maxIn=1, minOut=0, maxOut=1)))
file("chain of depths", node("Matrix", array(three * 1023, "3 3"), "", "32f", "10i") + node("LUT1D", array(curve * 255, "17 1"), "", "10i", "8i"))
file("bad chain of depths", node("Matrix", array(three * 1023, "3 3"), "", "32f", "10i") + node("LUT1D", array(curve, "17 1"), "", "12i", "32f"))
file("described", "<Description>one</Description><Description>two &amp; &#x41;</Description><InputDescriptor>a</InputDescriptor><OutputDescriptor>b</OutputDescriptor>"
     "<Info><AppRelease>x</AppRelease><Revision/></Info>" + node("Matrix", "<Description>m</Description>" + array(three, "3 3"), 'id="m" name="n"'))
file("commented", "<!-- a --><?pi b?>" + node("Matrix", "<!-- c -->" + f'<Array dim="3 3"><!-- d -->{words(three)}</Array>'))
file("unknown element", "<Vendor><Deep>1</Deep></Vendor>" + node("Matrix", array(three, "3 3")))
file("unknown attribute", node("Matrix", array(three, "3 3"), 'colour="blue"'))
file("unknown node", node("Sharpen", array(three, "3 3")))
file("bypass", node("Matrix", array(three, "3 3"), 'bypass="true"'))
file("bad nested", node("Matrix", array(three, "3 3") + node("Matrix", array(three, "3 3"))))
file("bad depth", node("Matrix", array(three, "3 3"), "", "11i", "32f"))
file("no depth", f'<Matrix>{array(three, "3 3")}</Matrix>')
file("no nodes", "")
matrix = node("Matrix", array(three, "3 3"))
for head in ('compCLFversion="3.0"', 'id="x"', 'compCLFversion="3" id="x"', 'compCLFversion="3.1" id="x"', 'compCLFversion="4.0" id="x"', 'compCLFversion="1.0" id="x"',
             'compCLFversion="two" id="x"', 'compCLFversion="" id="x"', 'compCLFversion="3.0" id="x" name="n" inverseOf="y"', 'compCLFversion="3.0" id=""',
             'version="1.8" id="x"', 'compCLFversion="3.0" id="x" xmlns="urn:AMPAS:CLF:v3.0"', 'xmlns="urn:NAB:CLF:v3.1" compCLFversion="3.0" id="x"', 'xmlns="urn:AMPAS:CLF:v3.0" id="x"'):
    file(f"head {head}", matrix, head)
FILES["not closed"] = FILES["matrix 32f 32f"].replace("</ProcessList>", "")
FILES["not a list"] = FILES["matrix 32f 32f"].replace("ProcessList", "Process")
FILES["list twice"] = FILES["matrix 32f 32f"] + "<ProcessList compCLFversion=\"3.0\" id=\"y\"/>"
FILES["nothing"] = ""
FILES["with mark"] = "\ufeff" + FILES["matrix 32f 32f"]

points = np.concatenate([
    np.linspace(-0.2, 1.3, 31)[:, None].repeat(3, axis=1), RANDOM.uniform(0, 1, (30, 3)), RANDOM.uniform(-0.5, 3, (20, 3)),
    [[0, 0, 0], [65504, -65504, 1e6], [1e-8, -1e-8, 1e-30], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.5, 0.5]],
]).astype(np.float32)


def lines(rows):
    return "\n".join(",".join(f"{value:.9g}" for value in row) for row in rows)


print(json.dumps({"points": lines(points)}))
config = ocio.Config.CreateRaw()
for name, text in FILES.items():
    answer = {"name": name, "clf": text}
    with tempfile.NamedTemporaryFile("w", suffix=".clf", encoding="utf-8") as written:
        written.write(text)
        written.flush()
        try:
            cpu = config.getProcessor(ocio.FileTransform(written.name)).getOptimizedCPUProcessor(ocio.OPTIMIZATION_NONE)
            rows = points.copy()
            cpu.applyRGB(rows)
            answer["rows"] = lines(rows)
        except Exception as error:
            answer["why"] = str(error)[:200]
    print(json.dumps(answer))
