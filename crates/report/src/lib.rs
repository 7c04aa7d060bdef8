//! Owns documents that people file away: a value goes in, PDF, HTML or text comes out. Must never query anything, read a clock or
//! do I/O: the same value gives the same bytes.
//!
//! A document is laid down once, as blocks (`sheet.rs`); the three writers show every block, so none of them can leave out what
//! another one shows. What stands on it beside the value is data (`template.rs`).

mod html;
mod pdf;
mod pictures;
mod sheet;
mod shown;
mod template;
mod text;
mod value;
mod verification;

pub use pictures::{JpegPicture, PictureClip, PictureSheet};
pub use value::{BasisLine, Counts, DriveSection, MismatchLine, ReasonLine, RenameLine, RootHash, Verdict, VerificationDocument};

/// Why a report could not be made. Text and HTML always can.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A font that is built in cannot be used.
    #[error("a font of the report cannot be read")]
    Font,
    /// The PDF library refused the document.
    #[error("the PDF cannot be written")]
    Pdf(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The report as plain text, for a terminal or a mail; lines of a list are as long as the names are.
#[must_use]
pub fn text(document: &VerificationDocument) -> String {
    text::write(&verification::sheet(document))
}

/// The report as one HTML file that needs nothing beside it and runs nothing.
#[must_use]
pub fn html(document: &VerificationDocument) -> String {
    html::write(&verification::sheet(document))
}

/// The report as PDF/A-2u on A4, with its fonts inside and its dates from the value.
pub fn pdf(document: &VerificationDocument) -> Result<Vec<u8>, ReportError> {
    pdf::write(&verification::sheet(document))
}

/// A contact sheet as PDF/A-2u on A4: three clips beside each other, or one a row where clips show several frames.
pub fn picture_sheet(sheet: &PictureSheet) -> Result<Vec<u8>, ReportError> {
    pdf::pictures::write(sheet)
}
