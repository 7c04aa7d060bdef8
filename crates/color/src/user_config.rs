//! Owns colour by a configuration of the user's own (an OCIO config, `$OCIO`, `.ocioz`). The configuration decides what its names
//! mean; what it does not name is an error, and nothing of the built-in configurations stands in. The configuration may name LUT
//! files: the colour library reads those below its folder, this module reads none.

use crate::amf::look_transforms;
use crate::engine::{ColorEngine, Exact, LookFile, Processor, Stage, cdl_transform, guarded, listing, stage_of};
use crate::error::ColorError;
use crate::recipe::{Aces, Recipe, Target};
use ocio::config::archive::OciozArchive;
use ocio::{ColorSpaceTransform, Config, DisplayViewTransform, GroupTransform, LookTransform};

/// Largest configuration that is read, in bytes.
pub const LARGEST_CONFIG_BYTES: usize = 32 << 20;

/// A configuration of the user's own.
pub struct UserConfig {
    config: Config,
    name: String,
}

impl UserConfig {
    /// From the text of a `.ocio` file; LUT files are looked for below `folder`.
    ///
    /// # Errors
    /// [`ColorError::Config`] where it is none.
    pub fn from_text(name: &str, text: &str, folder: &str) -> Result<Self, ColorError> {
        if text.len() > LARGEST_CONFIG_BYTES {
            return Err(Self::bad(name, format!("{} bytes are too many", text.len())));
        }
        let mut config = guarded(|| Config::create_from_str(text).map_err(|error| error.message().to_owned()))
            .map_err(|reason| Self::bad(name, reason))?;
        config.set_working_dir(folder);
        Ok(Self { config, name: name.to_owned() })
    }

    /// From an `.ocioz` archive at `path`, which the colour library opens.
    ///
    /// # Errors
    /// [`ColorError::Config`] where it is none.
    pub fn from_archive(path: &str) -> Result<Self, ColorError> {
        let config = guarded(|| {
            OciozArchive::open(path).and_then(Config::create_from_archive).map_err(|error| error.message().to_owned())
        })
        .map_err(|reason| Self::bad(path, reason))?;
        Ok(Self { config, name: path.to_owned() })
    }

    fn bad(name: &str, reason: String) -> ColorError {
        ColorError::Config { config: name.to_owned(), reason }
    }

    fn space(&self, name: &str) -> Result<String, ColorError> {
        let found = self.config.get_color_space(name).map(|space| space.name().to_owned());
        found.ok_or_else(|| ColorError::UnknownSpace(name.to_owned()))
    }

    /// The space that the configuration itself names as ACES2065-1.
    fn interchange(&self) -> Result<String, ColorError> {
        self.space("aces_interchange").or_else(|_| self.space("ACES2065-1"))
    }
}

impl ColorEngine for UserConfig {
    fn processor(&self, recipe: &Recipe) -> Result<Box<dyn Processor>, ColorError> {
        self.graded(recipe, &[])
    }

    fn graded(&self, recipe: &Recipe, looks: &[LookFile]) -> Result<Box<dyn Processor>, ColorError> {
        let mut source = self.space(&recipe.source)?;
        let mut group = GroupTransform::new();
        let go = |group: &mut GroupTransform, source: &mut String, to: String| {
            if *source != to {
                group.append(ColorSpaceTransform::new(source, &to));
                *source = to;
            }
        };
        if let Some(look) = &recipe.look {
            if self.config.look(look).is_none() {
                return Err(ColorError::UnknownLook(look.clone()));
            }
            let hub = self.interchange()?;
            group.append(LookTransform::new(&source, &hub, look));
            source = hub;
        }
        if let Some(cdl) = &recipe.cdl {
            cdl.check()?;
            go(&mut group, &mut source, self.space("ACEScct")?);
            group.append(cdl_transform(cdl));
        }
        for look in looks {
            go(&mut group, &mut source, self.space(&look.working_space)?);
            group.append(look_transforms(&look.name, &look.bytes)?);
        }
        let to = match &recipe.target {
            Target::ColorSpace(name) => {
                let to = self.space(name)?;
                group.append(ColorSpaceTransform::new(&source, &to));
                to
            }
            Target::Display { display, view } => {
                let known = (0..self.config.num_displays_all()).any(|index| self.config.display_all(index) == display);
                if !known {
                    return Err(ColorError::UnknownDisplay(display.clone()));
                }
                if !self.config.has_view(display, view) {
                    return Err(ColorError::UnknownView { display: display.clone(), view: view.clone() });
                }
                group.append(DisplayViewTransform::new(&source, display, view));
                format!("{view} on {display}")
            }
        };
        let stages = vec![Stage::Ocio(stage_of(&self.config, group)?)];
        Ok(Box::new(Exact { stages, description: format!("{} -> {to} by {}", recipe.source, self.name) }))
    }

    fn list(&self, _aces: Aces) -> Result<crate::engine::Listing, ColorError> {
        Ok(listing(&self.config, &self.name))
    }
}
