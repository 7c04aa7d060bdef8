"""Writes AMF files of every step and spelling into a folder, with the look files they name, for the test beside it.

Usage: forge_amf.py FOLDER SEED COUNT. Every transform id of OpenColorIO's two studio configurations is used at least once; further files
put inputs, looks, CDLs in working spaces and outputs together at random. `expect-refusal` in a name says that nobody may resolve it.
Nothing of the crate is used.
"""
import base64, hashlib, os, random, re, sys

import PyOpenColorIO as ocio

FOLDER, COUNT = sys.argv[1], int(sys.argv[3])
RANDOM = random.Random(int(sys.argv[2]))
URN = re.compile(r"urn:ampas:aces:transformId:v\d\.\d:\S+")

ids = {"space": set(), "look": set(), "output": set()}
for name in ("studio-config-v5.0.0_aces-v2.1_ocio-v2.6", "studio-config-v2.2.0_aces-v1.3_ocio-v2.4"):
    config = ocio.Config.CreateFromBuiltinConfig(name)

    def urns(item):
        texts = [item.getDescription() or ""]
        if hasattr(item, "getInterchangeAttributes"):
            texts += dict(item.getInterchangeAttributes()).values()
        return {urn for text in texts for urn in URN.findall(text)}

    for called in config.getColorSpaceNames(ocio.SEARCH_REFERENCE_SPACE_ALL, ocio.COLORSPACE_ALL):
        space = config.getColorSpace(called)
        ids["output" if space.getReferenceSpaceType() == ocio.REFERENCE_SPACE_DISPLAY else "space"] |= urns(space)
    for called in config.getViewTransformNames():
        ids["output"] |= urns(config.getViewTransform(called))
    for look in config.getLooks():
        ids["look"] |= urns(look)
ids = {kind: sorted(all) for kind, all in ids.items()}
inputs = [urn for urn in ids["space"] if ".ACES_to_" not in urn]
workings = [urn for urn in ids["space"] if re.search(r"ACES(cc|cct|cg)_to_ACES", urn)]
outputs = [urn for urn in ids["output"] if ":Inv" not in urn and ":RRT." not in urn]
REC709 = "urn:ampas:aces:transformId:v2.0:Output.Academy.Rec709-D65_100nit_in_Rec709-D65_BT1886.a2.v1"

os.makedirs(os.path.join(FOLDER, "looks"), exist_ok=True)
CUBE = "LUT_3D_SIZE 2\n" + "\n".join(f"{r * 0.9:g} {g:g} {b * 0.8 + 0.1:g}" for b in (0, 1) for g in (0, 1) for r in (0, 1)) + "\n"
CLF = ('<ProcessList compCLFversion="3.0" id="urn:uuid:5c8a34c6-1c1e-4b2f-9a0e-6f4f9d3f0001"><Matrix inBitDepth="32f" outBitDepth="32f">'
       '<Array dim="3 3">0.9 0.1 0 0 1 0 0.05 0 0.95</Array></Matrix></ProcessList>')
CDL = ('<ColorCorrection id="cc1"><SOPNode><Slope>1.1 1 0.9</Slope><Offset>0.01 0 -0.01</Offset><Power>1 1.1 1</Power></SOPNode>'
       '<SatNode><Saturation>0.9</Saturation></SatNode></ColorCorrection>')
looks = {"looks/a.cube": CUBE, "looks/b.clf": CLF, "c.cc": CDL}
for path, text in looks.items():
    with open(os.path.join(FOLDER, path), "w") as out:
        out.write(text)


def by_id(urn):
    return f"<aces:transformId>{urn}</aces:transformId>"


def hashed(path, wrong=False):
    kind = RANDOM.choice(["sha256", "sha1", "md5"])
    digest = hashlib.new(kind, (looks[path] + ("x" if wrong else "")).encode()).digest()
    words = base64.b64encode(digest).decode() if RANDOM.random() < 0.5 else digest.hex()
    return f'<aces:hash algorithm="http://www.w3.org/2001/04/xmlenc#{kind}">{words}</aces:hash>'


def cdl():
    three = lambda low, high: " ".join(f"{RANDOM.uniform(low, high):.4f}" for _ in range(3))
    sop, sat = RANDOM.choice([("cdl:SOPNode", "cdl:SatNode"), ("cdl:ASC_SOP", "cdl:ASC_SAT")])
    body = f"<{sop}><cdl:Slope>{three(0.7, 1.4)}</cdl:Slope><cdl:Offset>{three(-0.05, 0.05)}</cdl:Offset><cdl:Power>{three(0.8, 1.3)}</cdl:Power></{sop}>"
    saturation = f"<{sat}><cdl:Saturation>{RANDOM.uniform(0.5, 1.4):.3f}</cdl:Saturation></{sat}>"
    parts = RANDOM.choice([body + saturation, body + saturation, body, saturation])
    working = RANDOM.choice(workings)
    to = f"<aces:toCdlWorkingSpace>{by_id(working.replace(re.search(r'ACES(cc|cct|cg)_to_ACES', working)[0], 'ACES_to_' + re.search(r'(ACES(?:cct|cc|cg))_to', working)[1]))}</aces:toCdlWorkingSpace>"
    back = f"<aces:fromCdlWorkingSpace>{by_id(working)}</aces:fromCdlWorkingSpace>"
    inside = RANDOM.choice([to + back, back, ""])
    return (f"<aces:cdlWorkingSpace>{inside}</aces:cdlWorkingSpace>" if inside else "") + (parts if parts != saturation else body + saturation)


def look(applied=None):
    told = f' applied="{applied or RANDOM.choice(["false", "false", "false", "0", "true"])}"'
    body = RANDOM.choice([cdl, cdl, lambda: by_id(RANDOM.choice(ids["look"])), lambda: "<aces:description>a</aces:description>" + hashed("looks/a.cube") + "<aces:file>looks/a.cube</aces:file>",
                          lambda: "<aces:file>looks/b.clf</aces:file>"])()
    return f"<aces:lookTransform{told}>{body}</aces:lookTransform>"


def output(urn, version, applied="false"):
    body = by_id(urn)
    if ":ODT." in urn:
        body = (f"<aces:referenceRenderingTransform>{by_id('urn:ampas:aces:transformId:v1.5:RRT.a1.0.3')}</aces:referenceRenderingTransform>"
                f"<aces:outputDeviceTransform>{body}</aces:outputDeviceTransform>")
    told = f' applied="{applied}"' if version == "2.0" else ""
    return f"<aces:outputTransform{told}>{body}</aces:outputTransform>"


def write(name, steps, version="2.0", around=""):
    about = ("<aces:dateTime><aces:creationDateTime>2024-01-01T00:00:00Z</aces:creationDateTime><aces:modificationDateTime>2024-01-01T00:00:00Z</aces:modificationDateTime></aces:dateTime>"
             "<aces:uuid>urn:uuid:be6ec2ea-a6dc-4cbc-bf0d-afced5ff3dd8</aces:uuid>")
    text = (f'<?xml version="1.0" encoding="UTF-8"?>\n<aces:acesMetadataFile version="{version}" xmlns:aces="urn:ampas:aces:amf:v{version}" xmlns:cdl="urn:ASC:CDL:v1.01">'
            f"<aces:amfInfo>{about}</aces:amfInfo>{around}<aces:pipeline><aces:pipelineInfo>{about}<aces:systemVersion><aces:majorVersion>1</aces:majorVersion>"
            f"<aces:minorVersion>3</aces:minorVersion><aces:patchVersion>0</aces:patchVersion></aces:systemVersion></aces:pipelineInfo>{steps}</aces:pipeline>"
            f'{RANDOM.choice(["", "<aces:archivedPipeline><aces:pipelineInfo>" + about + "</aces:pipelineInfo>" + output(REC709, version) + "</aces:archivedPipeline>"])}</aces:acesMetadataFile>\n')
    with open(os.path.join(FOLDER, name + ".amf"), "w") as out:
        out.write(text)


def source(urn, applied="false"):
    return f'<aces:inputTransform applied="{applied}">{by_id(urn)}</aces:inputTransform>'


for number, urn in enumerate(ids["space"]):
    write(f"input {number}", source(urn) + output(REC709, "2.0"))
for number, urn in enumerate(ids["output"]):
    write(f"output {number}", output(urn, "2.0"))
    if ":Inv" not in urn:
        # A picture that was made for a display, brought back.
        inverse = by_id(urn)
        if ":ODT." in urn:
            inverse = f"<aces:inverseOutputDeviceTransform>{inverse}</aces:inverseOutputDeviceTransform>"
        else:
            inverse = f"<aces:inverseOutputTransform>{inverse}</aces:inverseOutputTransform>"
        write(f"inverse output {number}", f'<aces:inputTransform applied="false">{inverse}</aces:inputTransform>' + output(REC709, "2.0", "true"))
for number, urn in enumerate(ids["look"]):
    write(f"look {number}", f'<aces:lookTransform applied="false">{by_id(urn)}</aces:lookTransform>' + output(REC709, "2.0"))
around = [
    "", "<aces:clipId><aces:clipName>A001C001</aces:clipName><aces:file>A001C001.mov</aces:file></aces:clipId>",
    '<aces:clipId><aces:clipName>A001C001</aces:clipName><aces:sequence idx="#" min="1" max="24">A001C001.####.exr</aces:sequence></aces:clipId>',
    "<aces:clipId><aces:clipName>A001C001</aces:clipName><aces:uuid>urn:uuid:be6ec2ea-a6dc-4cbc-bf0d-afced5ff3dd9</aces:uuid></aces:clipId>",
]
for number in range(COUNT):
    version = RANDOM.choice(["1.0", "2.0"])
    steps = source(RANDOM.choice(inputs), RANDOM.choice(["false", "false", "true"])) if RANDOM.random() < 0.8 else ""
    for place in range(RANDOM.choice([0, 1, 1, 2, 3])):
        steps += look()
        if version == "2.0" and RANDOM.random() < 0.2:
            steps += "<aces:workingLocation/>"
    if version == "1.0" or RANDOM.random() < 0.9:
        steps += output(RANDOM.choice(outputs), version, RANDOM.choice(["false", "false", "false", "true"]))
    write(f"random {number}", steps, version, RANDOM.choice(around))

# What must be refused.
final = output(REC709, "2.0")
for name, steps in {
    "missing file": '<aces:lookTransform applied="false"><aces:file>looks/none.clf</aces:file></aces:lookTransform>' + final,
    "other folder": '<aces:lookTransform applied="false"><aces:file>../looks/a.cube</aces:file></aces:lookTransform>' + final,
    "unknown id": source("urn:ampas:aces:transformId:v2.0:CSC.Acme.Camera_to_ACES.a1.v1") + final,
    "unknown output": output("urn:ampas:aces:transformId:v2.0:Output.Academy.Rec709-D65_77nit_in_Rec709-D65_BT1886.a2.v1", "2.0"),
    "wrong hash": '<aces:lookTransform applied="false">' + hashed("looks/b.clf", wrong=True) + "<aces:file>looks/b.clf</aces:file></aces:lookTransform>" + final,
    "applied word": '<aces:lookTransform applied="maybe"><aces:file>looks/b.clf</aces:file></aces:lookTransform>' + final,
    "empty look": '<aces:lookTransform applied="false"></aces:lookTransform>' + final,
    "cdl words": '<aces:lookTransform applied="false"><cdl:SOPNode><cdl:Slope>1 one 1</cdl:Slope><cdl:Offset>0 0 0</cdl:Offset><cdl:Power>1 1 1</cdl:Power></cdl:SOPNode></aces:lookTransform>' + final,
    "cdl two numbers": '<aces:lookTransform applied="false"><cdl:SOPNode><cdl:Slope>1 1</cdl:Slope><cdl:Offset>0 0 0</cdl:Offset><cdl:Power>1 1 1</cdl:Power></cdl:SOPNode></aces:lookTransform>' + final,
    "cdl power": '<aces:lookTransform applied="false"><cdl:SOPNode><cdl:Slope>1 1 1</cdl:Slope><cdl:Offset>0 0 0</cdl:Offset><cdl:Power>1 0 1</cdl:Power></cdl:SOPNode></aces:lookTransform>' + final,
    "two outputs": final + final,
    "unknown step": '<aces:grainTransform applied="false"/>' + final,
}.items():
    write(f"expect-refusal {name}", steps)
