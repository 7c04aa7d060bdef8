//! Owns the ACES Metadata File as a value (S-2019-001; schemas 1.0 and 2.0). It holds everything the schemas allow, so that what
//! was read can be written again; it resolves nothing.

use crate::recipe::Cdl;

/// Version of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AmfVersion {
    /// `urn:ampas:aces:amf:v1.0`.
    V1_0,
    /// `urn:ampas:aces:amf:v2.0`.
    #[default]
    V2_0,
}

impl AmfVersion {
    /// The XML namespace.
    #[must_use]
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::V1_0 => "urn:ampas:aces:amf:v1.0",
            Self::V2_0 => "urn:ampas:aces:amf:v2.0",
        }
    }

    /// `1.0` or `2.0`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1_0 => "1.0",
            Self::V2_0 => "2.0",
        }
    }
}

/// A whole file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Amf {
    /// Version of the schema.
    pub version: AmfVersion,
    /// About the file.
    pub info: Info,
    /// The clip it belongs to; without one it is a template.
    pub clip: Option<ClipId>,
    /// What is to be done now.
    pub pipeline: Pipeline,
    /// What was done before, kept as it was, newest first as written.
    pub archived: Vec<Pipeline>,
    /// What a careful reader should know about how it was read. Not written.
    pub notes: Vec<String>,
}

/// About the file, or about a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Info {
    /// Free words.
    pub description: Option<String>,
    /// Who made it.
    pub authors: Vec<Author>,
    /// `xs:dateTime`.
    pub created: Option<String>,
    /// `xs:dateTime`.
    pub modified: Option<String>,
    /// `urn:uuid:…`.
    pub uuid: Option<String>,
}

/// Who made it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Author {
    /// Name.
    pub name: String,
    /// Mail address; the schema wants one.
    pub email: String,
}

/// Which clip.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClipId {
    /// `clipName`.
    pub name: String,
    /// Where its pictures are.
    pub media: Option<ClipMedia>,
}

/// Where the pictures of a clip are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClipMedia {
    /// A sequence of files, `A001_####.exr`.
    Sequence {
        /// The name with placeholders.
        template: String,
        /// The placeholder, `#`.
        index: String,
        /// First frame number.
        first: u64,
        /// Last frame number.
        last: u64,
    },
    /// One file.
    File(String),
    /// An id of the file's own, `urn:uuid:…`.
    Uuid(String),
}

/// A viewing pipeline.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pipeline {
    /// About it.
    pub info: Info,
    /// ACES system version: major, minor, patch.
    pub system_version: Option<[u8; 3]>,
    /// Into ACES2065-1.
    pub input: Option<Input>,
    /// Looks, in order, with the working location between them.
    pub middle: Vec<Middle>,
    /// Out to a display.
    pub output: Option<Output>,
}

/// What stands between input and output.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a pipeline holds few of them")]
pub enum Middle {
    /// 2.0: where the working files stand in the pipeline.
    WorkingLocation,
    /// A look.
    Look(Look),
}

/// How a transform is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// `transformId`.
    Id(String),
    /// A file beside or below the AMF.
    File(String),
    /// The id of a CLF's ProcessList.
    Uuid(String),
}

impl By {
    /// The id, name or uuid itself.
    #[must_use]
    pub fn words(&self) -> &str {
        match self {
            Self::Id(words) | Self::File(words) | Self::Uuid(words) => words,
        }
    }
}

/// What every transform may say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TransformRef {
    /// Free words.
    pub description: Option<String>,
    /// Of the file of the transform.
    pub hash: Option<Hash>,
    /// How it is named.
    pub by: Option<By>,
}

impl TransformRef {
    /// By transform id.
    #[must_use]
    pub fn id(id: &str) -> Self {
        Self { by: Some(By::Id(id.to_owned())), ..Self::default() }
    }
}

/// Hash of a transform's file, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hash {
    /// The URI of the algorithm.
    pub algorithm: String,
    /// Base64 by the schema, hexadecimal in the Academy's examples.
    pub value: String,
}

/// Into ACES2065-1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Input {
    /// Whether the pixels went through it already; `None` where the file does not say.
    pub applied: Option<bool>,
    /// Itself, where it is one transform.
    pub itself: TransformRef,
    /// Where it is an output transform turned round.
    pub inverse: Option<InverseOutput>,
}

/// An output transform turned round.
#[derive(Debug, Clone, PartialEq)]
pub enum InverseOutput {
    /// As one.
    Whole(TransformRef),
    /// ACES 1: the device transform, then the rendering transform.
    Pair {
        /// `inverseOutputDeviceTransform`.
        device: TransformRef,
        /// `inverseReferenceRenderingTransform`.
        rendering: Option<TransformRef>,
    },
}

/// A look in ACES2065-1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Look {
    /// Whether the pixels went through it already; `None` where the file does not say.
    pub applied: Option<bool>,
    /// Itself. For a correction in a file, the file.
    pub itself: TransformRef,
    /// Where it is a CDL.
    pub cdl: Option<LookCdl>,
}

/// A CDL as a look.
#[derive(Debug, Clone, PartialEq)]
pub struct LookCdl {
    /// The space it works in; without one it works in ACES2065-1.
    pub working: Option<WorkingSpace>,
    /// The numbers, or where they stand.
    pub numbers: CdlNumbers,
}

/// The space a CDL works in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkingSpace {
    /// From ACES2065-1 into it; without one, `from` turned round.
    pub to: Option<TransformRef>,
    /// Back from it to ACES2065-1.
    pub from: Option<TransformRef>,
}

/// The numbers of a CDL, or where they stand.
#[derive(Debug, Clone, PartialEq)]
pub enum CdlNumbers {
    /// In the AMF.
    Inline(Cdl),
    /// `ColorCorrectionRef`: the id of a correction in the look's file.
    InFile(String),
}

/// Out to a display.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Output {
    /// Whether the pixels went through it already; 1.0 has no such word.
    pub applied: Option<bool>,
    /// Itself, where it is one transform.
    pub itself: TransformRef,
    /// ACES 1: as a pair.
    pub pair: Option<OutputPair>,
}

/// An ACES 1 output transform in two parts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OutputPair {
    /// `referenceRenderingTransform`.
    pub rendering: Option<TransformRef>,
    /// `outputDeviceTransform`.
    pub device: TransformRef,
}
