//! Owns the tables of `MediaHashList_v1_1.xsd` and of the schema of XML signatures that it imports, in their order and words.

use super::model::{Declaration, Foreign, Kind, Particle, Rule, may, must};
use super::simple::Simple;
use Particle::{Choice, Many, One, Optional, Sequence};

const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";

macro_rules! declare {
    ($namespace:expr, $($constant:ident $name:literal $kind:expr;)*) => {
        $(static $constant: Declaration = Declaration { namespace: $namespace, name: $name, kind: &$kind };)*
    };
}
macro_rules! local {
    ($name:literal, $kind:expr) => {
        One(&Declaration { namespace: SIGNATURE, name: $name, kind: &$kind })
    };
}

declare! { "",
    CREATIONDATE "creationdate" DATE;
    FILE "file" STRING;
    SIZE "size" POSITIVE;
    LASTMODIFICATIONDATE "lastmodificationdate" DATE;
    HASHDATE "hashdate" DATE;
    NAME "name" STRING;
    USERNAME "username" STRING;
    HOSTNAME "hostname" STRING;
    TOOL "tool" STRING;
    SOURCE "source" STRING;
    STARTDATE "startdate" DATE;
    FINISHDATE "finishdate" DATE;
    LOG "log" STRING;
    MD5 "md5" MD5_TYPE;
    SHA1 "sha1" SHA1_TYPE;
    XXHASH "xxhash" XXHASH_TYPE;
    XXHASH64 "xxhash64" XXHASH64_TYPE;
    XXHASH64BE "xxhash64be" XXHASH64_TYPE;
    NULL "null" NOTHING;
    CREATORINFO "creatorinfo" CREATOR_INFO;
    HASH "hash" HASH_ENTRY;
}
pub(super) static HASHLIST: Declaration = Declaration { namespace: "", name: "hashlist", kind: &HASH_LIST };

/// Everything declared at the top, in both schemas.
pub(super) static GLOBAL: &[&Declaration] = &[
    &CREATIONDATE,
    &FILE,
    &SIZE,
    &LASTMODIFICATIONDATE,
    &HASHDATE,
    &NAME,
    &USERNAME,
    &HOSTNAME,
    &TOOL,
    &SOURCE,
    &STARTDATE,
    &FINISHDATE,
    &LOG,
    &MD5,
    &SHA1,
    &XXHASH,
    &XXHASH64,
    &XXHASH64BE,
    &NULL,
    &CREATORINFO,
    &HASH,
    &HASHLIST,
    &DS_SIGNATURE,
    &SIGNATURE_VALUE,
    &SIGNED_INFO,
    &CANONICALIZATION_METHOD,
    &SIGNATURE_METHOD,
    &REFERENCE,
    &TRANSFORMS,
    &TRANSFORM,
    &DIGEST_METHOD,
    &DIGEST_VALUE,
    &KEY_INFO,
    &KEY_NAME,
    &MGMT_DATA,
    &KEY_VALUE,
    &RETRIEVAL_METHOD,
    &X509_DATA,
    &PGP_DATA,
    &SPKI_DATA,
    &OBJECT,
    &MANIFEST,
    &SIGNATURE_PROPERTIES,
    &SIGNATURE_PROPERTY,
    &DSA_KEY_VALUE,
    &RSA_KEY_VALUE,
];

/// Attributes declared at the top: they are judged even where any attribute may stand.
pub(super) static GLOBAL_ATTRIBUTES: &[Rule] = &[VERSION, REFERENCE_HASH_LIST];
const VERSION: Rule = must("version", Simple::Version);
const REFERENCE_HASH_LIST: Rule = may("referencehhashlist", Simple::Boolean);

static STRING: Kind = Kind::Text(Simple::String, &[]);
static DATE: Kind = Kind::Text(Simple::DateTime, &[]);
static POSITIVE: Kind = Kind::Text(Simple::PositiveInteger, &[]);
static MD5_TYPE: Kind = Kind::Text(Simple::Hex(Some(16)), &[]);
static SHA1_TYPE: Kind = Kind::Text(Simple::Hex(Some(20)), &[]);
static XXHASH_TYPE: Kind = Kind::Text(Simple::IntegerDigits(10), &[]);
static XXHASH64_TYPE: Kind = Kind::Text(Simple::Hex(Some(8)), &[]);
static NOTHING: Kind = Kind::Text(Simple::Fixed(""), &[]);

static CREATOR_INFO: Kind = Kind::Elements {
    model: Sequence(&[
        Optional(&One(&NAME)),
        One(&USERNAME),
        One(&HOSTNAME),
        One(&TOOL),
        Optional(&One(&SOURCE)),
        One(&STARTDATE),
        One(&FINISHDATE),
        Optional(&One(&LOG)),
    ]),
    attributes: &[],
    mixed: false,
};
static HASH_ENTRY: Kind = Kind::Elements {
    model: Sequence(&[
        One(&FILE),
        One(&SIZE),
        Optional(&One(&CREATIONDATE)),
        One(&LASTMODIFICATIONDATE),
        Many(&Choice(&[One(&MD5), One(&SHA1), One(&XXHASH), One(&XXHASH64), One(&XXHASH64BE), One(&NULL)])),
        One(&HASHDATE),
    ]),
    attributes: &[REFERENCE_HASH_LIST],
    mixed: false,
};
static HASH_LIST: Kind = Kind::Elements {
    model: Sequence(&[Optional(&One(&CREATIONDATE)), One(&CREATORINFO), Many(&One(&HASH)), Optional(&One(&DS_SIGNATURE))]),
    attributes: &[VERSION],
    mixed: false,
};

// XML signatures.

declare! { SIGNATURE,
    DS_SIGNATURE "Signature" SIGNATURE_TYPE;
    SIGNATURE_VALUE "SignatureValue" BINARY_ID;
    SIGNED_INFO "SignedInfo" SIGNED_INFO_TYPE;
    CANONICALIZATION_METHOD "CanonicalizationMethod" CANONICALIZATION_TYPE;
    SIGNATURE_METHOD "SignatureMethod" SIGNATURE_METHOD_TYPE;
    REFERENCE "Reference" REFERENCE_TYPE;
    TRANSFORMS "Transforms" TRANSFORMS_TYPE;
    TRANSFORM "Transform" TRANSFORM_TYPE;
    DIGEST_METHOD "DigestMethod" DIGEST_METHOD_TYPE;
    DIGEST_VALUE "DigestValue" BINARY;
    KEY_INFO "KeyInfo" KEY_INFO_TYPE;
    KEY_NAME "KeyName" STRING;
    MGMT_DATA "MgmtData" STRING;
    KEY_VALUE "KeyValue" KEY_VALUE_TYPE;
    RETRIEVAL_METHOD "RetrievalMethod" RETRIEVAL_TYPE;
    X509_DATA "X509Data" X509_TYPE;
    PGP_DATA "PGPData" PGP_TYPE;
    SPKI_DATA "SPKIData" SPKI_TYPE;
    OBJECT "Object" OBJECT_TYPE;
    MANIFEST "Manifest" MANIFEST_TYPE;
    SIGNATURE_PROPERTIES "SignatureProperties" PROPERTIES_TYPE;
    SIGNATURE_PROPERTY "SignatureProperty" PROPERTY_TYPE;
    DSA_KEY_VALUE "DSAKeyValue" DSA_TYPE;
    RSA_KEY_VALUE "RSAKeyValue" RSA_TYPE;
}

const ID: Rule = may("Id", Simple::Id);
const ALGORITHM: Rule = must("Algorithm", Simple::Uri);
const LAX: Particle = Particle::Foreign(Foreign { than: Some(SIGNATURE), strict: false });
const STRICT: Particle = Particle::Foreign(Foreign { than: Some(SIGNATURE), strict: true });

static BINARY: Kind = Kind::Text(Simple::Base64, &[]);
static BINARY_ID: Kind = Kind::Text(Simple::Base64, &[ID]);
static INTEGER: Kind = Kind::Text(Simple::Integer, &[]);

static SIGNATURE_TYPE: Kind = Kind::Elements {
    model: Sequence(&[One(&SIGNED_INFO), One(&SIGNATURE_VALUE), Optional(&One(&KEY_INFO)), Optional(&Many(&One(&OBJECT)))]),
    attributes: &[ID],
    mixed: false,
};
static SIGNED_INFO_TYPE: Kind = Kind::Elements {
    model: Sequence(&[One(&CANONICALIZATION_METHOD), One(&SIGNATURE_METHOD), Many(&One(&REFERENCE))]),
    attributes: &[ID],
    mixed: false,
};
static CANONICALIZATION_TYPE: Kind = Kind::Elements {
    model: Optional(&Many(&Particle::Foreign(Foreign { than: None, strict: true }))),
    attributes: &[ALGORITHM],
    mixed: true,
};
static SIGNATURE_METHOD_TYPE: Kind = Kind::Elements {
    model: Sequence(&[Optional(&local!("HMACOutputLength", INTEGER)), Optional(&Many(&STRICT))]),
    attributes: &[ALGORITHM],
    mixed: true,
};
static REFERENCE_TYPE: Kind = Kind::Elements {
    model: Sequence(&[Optional(&One(&TRANSFORMS)), One(&DIGEST_METHOD), One(&DIGEST_VALUE)]),
    attributes: &[ID, may("URI", Simple::Uri), may("Type", Simple::Uri)],
    mixed: false,
};
static TRANSFORMS_TYPE: Kind = Kind::Elements { model: Many(&One(&TRANSFORM)), attributes: &[], mixed: false };
static TRANSFORM_TYPE: Kind =
    Kind::Elements { model: Optional(&Many(&Choice(&[LAX, local!("XPath", STRING)]))), attributes: &[ALGORITHM], mixed: true };
static DIGEST_METHOD_TYPE: Kind = Kind::Elements { model: Optional(&Many(&LAX)), attributes: &[ALGORITHM], mixed: true };
static KEY_INFO_TYPE: Kind = Kind::Elements {
    model: Many(&Choice(&[
        One(&KEY_NAME),
        One(&KEY_VALUE),
        One(&RETRIEVAL_METHOD),
        One(&X509_DATA),
        One(&PGP_DATA),
        One(&SPKI_DATA),
        One(&MGMT_DATA),
        LAX,
    ])),
    attributes: &[ID],
    mixed: true,
};
static KEY_VALUE_TYPE: Kind =
    Kind::Elements { model: Choice(&[One(&DSA_KEY_VALUE), One(&RSA_KEY_VALUE), LAX]), attributes: &[], mixed: true };
static RETRIEVAL_TYPE: Kind = Kind::Elements {
    model: Optional(&One(&TRANSFORMS)),
    attributes: &[may("URI", Simple::Uri), may("Type", Simple::Uri)],
    mixed: false,
};
static X509_TYPE: Kind = Kind::Elements {
    model: Many(&Choice(&[
        local!("X509IssuerSerial", ISSUER_TYPE),
        local!("X509SKI", BINARY),
        local!("X509SubjectName", STRING),
        local!("X509Certificate", BINARY),
        local!("X509CRL", BINARY),
        LAX,
    ])),
    attributes: &[],
    mixed: false,
};
static ISSUER_TYPE: Kind = Kind::Elements {
    model: Sequence(&[local!("X509IssuerName", STRING), local!("X509SerialNumber", INTEGER)]),
    attributes: &[],
    mixed: false,
};
static PGP_TYPE: Kind = Kind::Elements {
    model: Choice(&[
        Sequence(&[local!("PGPKeyID", BINARY), Optional(&local!("PGPKeyPacket", BINARY)), Optional(&Many(&LAX))]),
        Sequence(&[local!("PGPKeyPacket", BINARY), Optional(&Many(&LAX))]),
    ]),
    attributes: &[],
    mixed: false,
};
static SPKI_TYPE: Kind =
    Kind::Elements { model: Many(&Sequence(&[local!("SPKISexp", BINARY), Optional(&LAX)])), attributes: &[], mixed: false };
static OBJECT_TYPE: Kind = Kind::Elements {
    model: Optional(&Many(&Particle::Foreign(Foreign { than: None, strict: false }))),
    attributes: &[ID, may("MimeType", Simple::String), may("Encoding", Simple::Uri)],
    mixed: true,
};
static MANIFEST_TYPE: Kind = Kind::Elements { model: Many(&One(&REFERENCE)), attributes: &[ID], mixed: false };
static PROPERTIES_TYPE: Kind = Kind::Elements { model: Many(&One(&SIGNATURE_PROPERTY)), attributes: &[ID], mixed: false };
static PROPERTY_TYPE: Kind = Kind::Elements { model: Many(&LAX), attributes: &[must("Target", Simple::Uri), ID], mixed: true };
static DSA_TYPE: Kind = Kind::Elements {
    model: Sequence(&[
        Optional(&Sequence(&[local!("P", BINARY), local!("Q", BINARY)])),
        Optional(&local!("G", BINARY)),
        local!("Y", BINARY),
        Optional(&local!("J", BINARY)),
        Optional(&Sequence(&[local!("Seed", BINARY), local!("PgenCounter", BINARY)])),
    ]),
    attributes: &[],
    mixed: false,
};
static RSA_TYPE: Kind =
    Kind::Elements { model: Sequence(&[local!("Modulus", BINARY), local!("Exponent", BINARY)]), attributes: &[], mixed: false };
