//! Owns the value of a contact sheet on paper: clips with their pictures as JPEG, in reading order.

use checkgate_model::Timestamp;

/// A contact sheet.
#[derive(Debug, Clone)]
pub struct PictureSheet {
    /// Title, e.g. the reel.
    pub title: String,
    /// Under the title.
    pub subtitle: String,
    /// What made it, with its version.
    pub tool: String,
    /// The date of the document.
    pub dated: Timestamp,
    /// Clips, in order.
    pub clips: Vec<PictureClip>,
}

/// A clip on the sheet.
#[derive(Debug, Clone)]
pub struct PictureClip {
    /// Its frames, or why there are none.
    pub frames: Result<Vec<JpegPicture>, String>,
    /// Lines under it; the first is its name.
    pub lines: Vec<String>,
}

/// A baseline JPEG.
#[derive(Clone)]
pub struct JpegPicture {
    /// Pixels across.
    pub width: u32,
    /// Lines.
    pub height: u32,
    /// The file.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for JpegPicture {
    /// Without the bytes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JpegPicture").field("width", &self.width).field("height", &self.height).finish_non_exhaustive()
    }
}
