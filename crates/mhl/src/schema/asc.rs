//! Owns the tables of `ASCMHL.xsd` and `ASCMHLDirectory.xsd`, in the order and words of the schemas.

use super::model::{Declaration, Kind, Particle, Rule, may, must};
use super::simple::Simple;
use Particle::{Choice, Many, One, Optional, Sequence};

pub(super) const NAMESPACE: &str = "urn:ASC:MHL:v2.0";
const DIRECTORY: &str = "urn:ASC:MHL:DIRECTORY:v2.0";

macro_rules! one {
    ($name:literal, $kind:expr) => {
        One(&Declaration { namespace: NAMESPACE, name: $name, kind: &$kind })
    };
}
macro_rules! directory {
    ($name:literal, $kind:expr) => {
        One(&Declaration { namespace: DIRECTORY, name: $name, kind: &$kind })
    };
}

pub(super) static HASHLIST: Declaration = Declaration { namespace: NAMESPACE, name: "hashlist", kind: &HASH_LIST };
pub(super) static ASCMHLDIRECTORY: Declaration = Declaration { namespace: DIRECTORY, name: "ascmhldirectory", kind: &CHAIN };

/// What each schema declares at the top; that of chains imports that of manifests.
pub(super) static MANIFEST_GLOBAL: &[&Declaration] = &[&HASHLIST];
pub(super) static CHAIN_GLOBAL: &[&Declaration] = &[&ASCMHLDIRECTORY, &HASHLIST];

/// Types that have a name, for `xsi:type`.
pub(super) static NAMED: &[(&str, &Kind)] = &[
    ("RelativePathType", &STRING),
    ("MetadataType", &METADATA),
    ("ProcessType", &PROCESS),
    ("HashListType", &HASH_LIST),
    ("CreatorInfoType", &CREATOR_INFO),
    ("ProcessInfoType", &PROCESS_INFO),
    ("AuthorType", &AUTHOR),
    ("ToolType", &TOOL),
    ("IgnoreType", &IGNORE),
    ("HashesType", &HASHES),
    ("HashType", &HASH),
    ("DirectoryHashType", &DIRECTORY_HASH),
    ("RootDirectoryHashType", &ROOT_HASH),
    ("HashFormatType", &HASH_FORMAT),
    ("DirectoryHashFormatContainerType", &CONTAINER),
    ("ReferencesType", &REFERENCES),
    ("HashListReferenceType", &REFERENCE),
];

static STRING: Kind = Kind::Text(Simple::String, &[]);
static DATE: Kind = Kind::Text(Simple::DateTime, &[]);
static METADATA: Kind = Kind::Anything;

static HASH_LIST: Kind = Kind::Elements {
    model: Sequence(&[
        one!("creatorinfo", CREATOR_INFO),
        one!("processinfo", PROCESS_INFO),
        Optional(&one!("hashes", HASHES)),
        Optional(&one!("metadata", METADATA)),
        Optional(&one!("references", REFERENCES)),
    ]),
    attributes: &[must("version", Simple::Fixed("2.0"))],
    mixed: false,
};

static CREATOR_INFO: Kind = Kind::Elements {
    model: Sequence(&[
        one!("creationdate", DATE),
        one!("hostname", STRING),
        one!("tool", TOOL),
        Optional(&Many(&one!("author", AUTHOR))),
        Optional(&one!("location", STRING)),
        Optional(&one!("comment", STRING)),
    ]),
    attributes: &[],
    mixed: false,
};

static AUTHOR: Kind =
    Kind::Text(Simple::String, &[may("email", Simple::Email), may("phone", Simple::String), may("role", Simple::String)]);
static TOOL: Kind = Kind::Text(Simple::String, &[may("version", Simple::String)]);

static PROCESS_INFO: Kind = Kind::Elements {
    model: Sequence(&[one!("process", PROCESS), Optional(&one!("roothash", ROOT_HASH)), Optional(&one!("ignore", IGNORE))]),
    attributes: &[],
    mixed: false,
};
static PROCESS: Kind = Kind::Text(Simple::Words(&["in-place", "transfer", "flatten"]), &[]);
static IGNORE: Kind = Kind::Elements { model: Many(&one!("pattern", STRING)), attributes: &[], mixed: false };

static HASHES: Kind = Kind::Elements {
    model: Many(&Choice(&[one!("hash", HASH), one!("directoryhash", DIRECTORY_HASH)])),
    attributes: &[],
    mixed: false,
};

static HASH: Kind = Kind::Elements {
    model: Sequence(&[
        one!("path", FILE_PATH),
        FORMATS,
        Optional(&one!("previousPath", STRING)),
        Optional(&one!("metadata", METADATA)),
    ]),
    attributes: &[],
    mixed: false,
};
static DIRECTORY_HASH: Kind = Kind::Elements {
    model: Sequence(&[
        one!("path", FOLDER_PATH),
        one!("content", CONTAINER),
        one!("structure", CONTAINER),
        Optional(&one!("previousPath", STRING)),
        Optional(&one!("metadata", METADATA)),
    ]),
    attributes: &[],
    mixed: false,
};
static ROOT_HASH: Kind = Kind::Elements {
    model: Sequence(&[one!("content", CONTAINER), one!("structure", CONTAINER)]),
    attributes: &[],
    mixed: false,
};

const SIZE: Rule = may("size", Simple::Integer);
const CREATED: Rule = may("creationdate", Simple::DateTime);
const MODIFIED: Rule = may("lastmodificationdate", Simple::DateTime);
static FILE_PATH: Kind = Kind::Text(Simple::String, &[SIZE, CREATED, MODIFIED]);
static FOLDER_PATH: Kind = Kind::Text(Simple::String, &[CREATED, MODIFIED]);

/// The six formats, in alphabetical order.
const FORMATS: Particle = Sequence(&[
    Optional(&one!("c4", HASH_FORMAT)),
    Optional(&one!("md5", HASH_FORMAT)),
    Optional(&one!("sha1", HASH_FORMAT)),
    Optional(&one!("xxh128", HASH_FORMAT)),
    Optional(&one!("xxh3", HASH_FORMAT)),
    Optional(&one!("xxh64", HASH_FORMAT)),
]);
static CONTAINER: Kind = Kind::Elements { model: FORMATS, attributes: &[], mixed: false };
static HASH_FORMAT: Kind = Kind::Text(
    Simple::String,
    &[
        may("action", Simple::Words(&["original", "verified", "failed"])),
        may("hashdate", Simple::DateTime),
        may("structure", Simple::String),
    ],
);

static REFERENCES: Kind = Kind::Elements { model: Many(&one!("hashlistreference", REFERENCE)), attributes: &[], mixed: false };
static REFERENCE: Kind =
    Kind::Elements { model: Sequence(&[one!("path", STRING), one!("c4", HASH_FORMAT)]), attributes: &[], mixed: false };

static CHAIN: Kind = Kind::Elements { model: Many(&directory!("hashlist", LISTED)), attributes: &[], mixed: false };
static LISTED: Kind = Kind::Elements {
    model: Sequence(&[directory!("path", STRING), directory!("c4", HASH_FORMAT)]),
    attributes: &[may("sequencenr", Simple::Integer)],
    mixed: false,
};
