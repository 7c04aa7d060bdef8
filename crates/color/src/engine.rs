//! Owns the exact engine: the `ocio` crate behind `ColorEngine` (docs/adr/0003-ocio-crate.md). Configurations are embedded text;
//! nothing is read from the environment's `$OCIO` or from disk. Every transform that is handed out has been built and tried.

use crate::amf::{Ids, Piece, look_transforms, own_piece};
use crate::error::ColorError;
use crate::recipe::{Aces, Cdl, Recipe, Target};
use crate::spaces;
use crate::wide::Wide;
use ocio::{
    CdlTransform, ColorSpaceTransform, ColorSpaceVisibility, Config, CpuProcessor, DisplayViewTransform, GroupTransform,
    LookTransform, OptimizationFlags, SearchReferenceSpaceType, Transform, TransformDirection,
};
use rayon::prelude::*;
use serde::Serialize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// ACES 2.0: the studio config v5.0.0 (assets/color/README.md).
const STUDIO_V5: &str = include_str!("../../../assets/color/studio-config-v5.0.0_aces-v2.1_ocio-v2.6.ocio");
/// The scene reference of every configuration here.
pub(crate) const AP0: &str = "ACES2065-1";
pub(crate) const CCT: &str = "ACEScct";

/// Something that can turn a recipe into a processor.
pub trait ColorEngine: Send + Sync {
    /// Builds the conversion; an unknown name is an error, never a substitute.
    fn processor(&self, recipe: &Recipe) -> Result<Box<dyn Processor>, ColorError>;
    /// The conversion with show looks after the CDL, in order.
    fn graded(&self, recipe: &Recipe, looks: &[LookFile]) -> Result<Box<dyn Processor>, ColorError> {
        if looks.is_empty() {
            return self.processor(recipe);
        }
        Err(ColorError::Engine("this engine takes no look files".to_owned()))
    }
    /// Everything that recipes can name, for one ACES version.
    fn list(&self, aces: Aces) -> Result<Listing, ColorError>;
}

/// A finished conversion on 32-bit float pixels.
pub trait Processor: Send + Sync {
    /// Converts in place, on the calling thread.
    fn apply(&self, rgb: &mut [[f32; 3]]);
    /// The same by the colour library alone, pixel by pixel: what `apply` is held to.
    fn apply_by_library(&self, rgb: &mut [[f32; 3]]) {
        self.apply(rgb);
    }
    /// What it does, for provenance.
    fn description(&self) -> &str;
}

/// Applies a processor on all cores of the current rayon pool.
pub fn apply_parallel(processor: &dyn Processor, rgb: &mut [[f32; 3]]) {
    rgb.par_chunks_mut(8192).for_each(|chunk| processor.apply(chunk));
}

/// A colour space as listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpaceListing {
    /// Name.
    pub name: String,
    /// Other names that recipes may use.
    pub aliases: Vec<String>,
    /// Family, e.g. `Input/ARRI`.
    pub family: String,
    /// `log`, `scene-linear`, `sdr-video`, …
    pub encoding: String,
}

/// A display as listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DisplayListing {
    /// Name.
    pub name: String,
    /// Its views, the default first.
    pub views: Vec<String>,
}

/// Everything a recipe can name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listing {
    /// Name of the configuration.
    pub config: String,
    /// Colour spaces.
    pub spaces: Vec<SpaceListing>,
    /// Displays and their views.
    pub displays: Vec<DisplayListing>,
    /// Looks.
    pub looks: Vec<String>,
}

/// The `ocio` crate with the built-in configurations.
pub struct Engine {
    studio_v5: Config,
    studio_v2: OnceLock<Result<Config, ColorError>>,
    ids: OnceLock<Result<Ids, ColorError>>,
    /// Conversions that were built last: clips of a card are many, their recipes few, and an ACES 2.0 output takes 10 ms to build.
    recent: Mutex<Vec<(Recipe, Arc<Exact>)>>,
}

/// Most conversions that are kept.
const MOST_RECENT: usize = 16;

/// A show look: a file (CLF, cube, CDL, …) and the space it works in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookFile {
    /// Its name; the extension says what it is.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The scene space that goes in and comes out, by name or alias: `ACES2065-1` for a look of an AMF, often `ACEScct` for a cube.
    pub working_space: String,
}

impl Engine {
    /// Reads the ACES 2.0 configuration; the ACES 1.3 one is read when first asked for.
    pub fn load() -> Result<Self, ColorError> {
        // The crate is one minor version behind the config and says so on stderr; the vectors say that it does not matter.
        ocio::config::logging::set_logging_level(ocio::LoggingLevel::None);
        let studio_v5 = guarded(|| Config::create_from_str(STUDIO_V5).map_err(|error| error.message().to_owned()))
            .map_err(|reason| ColorError::Config { config: Aces::V2_0.config_name().to_owned(), reason })?;
        Ok(Self { studio_v5, studio_v2: OnceLock::new(), ids: OnceLock::new(), recent: Mutex::new(Vec::new()) })
    }

    /// The process-wide engine.
    pub fn shared() -> Result<&'static Self, ColorError> {
        static SHARED: OnceLock<Result<Engine, ColorError>> = OnceLock::new();
        SHARED.get_or_init(Self::load).as_ref().map_err(Clone::clone)
    }

    pub(crate) fn config(&self, aces: Aces) -> Result<&Config, ColorError> {
        match aces {
            Aces::V2_0 => Ok(&self.studio_v5),
            Aces::V1_3 => self
                .studio_v2
                .get_or_init(|| {
                    let name = Aces::V1_3.config_name();
                    guarded(|| Config::create_from_builtin_config(name).map_err(|error| error.message().to_owned()))
                        .map_err(|reason| ColorError::Config { config: name.to_owned(), reason })
                })
                .as_ref()
                .map_err(Clone::clone),
        }
    }

    /// What transform ids name.
    pub(crate) fn ids(&self) -> Result<&Ids, ColorError> {
        self.ids.get_or_init(|| Ids::read(self)).as_ref().map_err(Clone::clone)
    }

    /// Full name of a colour space given by name or alias; `None` if there is none.
    pub fn space(&self, aces: Aces, name: &str) -> Result<Option<String>, ColorError> {
        let of_config = self.config(aces)?.get_color_space(name).map(|space| space.name().to_owned());
        Ok(of_config.or_else(|| spaces::named(name).map(|space| space.name.clone())))
    }

    /// Builds and tries one group of transforms.
    pub(crate) fn stage(&self, aces: Aces, group: GroupTransform) -> Result<Conversion, ColorError> {
        stage_of(self.config(aces)?, group)
    }

    /// The display's name in this configuration; display aliases are colour space aliases.
    pub(crate) fn display<'a>(config: &'a Config, name: &'a str) -> Option<&'a str> {
        let known = |display: &str| (0..config.num_displays_all()).any(|index| config.display_all(index) == display);
        if known(name) {
            return Some(name);
        }
        let canonical = config.canonical_name(name);
        (!canonical.is_empty() && known(canonical)).then_some(canonical)
    }
}

/// Runs engine code that must not take the process down, whatever it is given.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let said =
            panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(format!("the engine failed: {}", said.unwrap_or_else(|| "no reason given".to_owned())))
    })
}

/// Builds and tries one group of transforms of a configuration.
pub(crate) fn stage_of(config: &Config, group: GroupTransform) -> Result<Conversion, ColorError> {
    let processor = guarded(|| {
        let built = config
            .get_processor_for_transform(&Transform::Group(group), TransformDirection::Forward)
            .map_err(|error| error.message().to_owned())?;
        // No optimisation: the fast log and power approximations are outside the acceptance rule of the vectors.
        Ok(built.optimized_cpu_processor(OptimizationFlags::NONE))
    })
    .map_err(ColorError::Engine)?;
    guarded(|| {
        let conversion = Conversion { wide: Wide::new(&processor), processor };
        let probe = [[0.0; 3], [0.18; 3], [1.0; 3], [-0.1, 0.5, 65504.0], [f32::NAN, f32::INFINITY, f32::NEG_INFINITY]];
        conversion.apply(&mut probe.clone());
        conversion.apply_plain(&mut probe.clone());
        Ok(conversion)
    })
    .map_err(ColorError::Engine)
}

/// A processor of the engine, and the same over blocks of pixels where that is known.
pub(crate) struct Conversion {
    processor: CpuProcessor,
    wide: Option<Wide>,
}

impl Conversion {
    pub(crate) fn apply(&self, rgb: &mut [[f32; 3]]) {
        match &self.wide {
            Some(wide) => wide.apply(rgb),
            None => self.apply_plain(rgb),
        }
    }

    /// By the engine alone, a pixel at a time.
    pub(crate) fn apply_plain(&self, rgb: &mut [[f32; 3]]) {
        self.processor.apply_rgb_slice(rgb.as_flattened_mut());
    }
}

/// Everything that a configuration names.
pub(crate) fn listing(config: &Config, name: &str) -> Listing {
    let (search, visible) = (SearchReferenceSpaceType::All, ColorSpaceVisibility::All);
    let spaces = (0..config.num_color_spaces_filtered(search, visible))
        .filter_map(|index| config.get_color_space(config.color_space_name_by_index_filtered(search, visible, index)))
        .map(|space| SpaceListing {
            name: space.name().to_owned(),
            aliases: space.aliases().to_vec(),
            family: space.family().to_owned(),
            encoding: space.encoding().to_owned(),
        })
        .collect::<Vec<_>>();
    let displays = (0..config.num_displays_all())
        .map(|index| config.display_all(index).to_owned())
        .map(|name| DisplayListing { views: (0..config.num_views(&name)).map(|index| config.view(&name, index)).collect(), name })
        .collect();
    let looks = (0..config.num_looks()).map(|index| config.look_name_by_index(index).to_owned()).collect();
    Listing { config: name.to_owned(), spaces, displays, looks }
}

/// The CDL in ACEScct, between two trips from and to ACES2065-1.
pub(crate) fn cdl_in_acescct(cdl: &Cdl) -> [Transform; 3] {
    [ColorSpaceTransform::new(AP0, CCT).into(), cdl_transform(cdl).into(), ColorSpaceTransform::new(CCT, AP0).into()]
}

pub(crate) fn cdl_transform(cdl: &Cdl) -> CdlTransform {
    let mut transform = CdlTransform::new();
    transform.slope = cdl.slope;
    transform.offset = cdl.offset;
    transform.power = cdl.power;
    transform.sat = cdl.saturation;
    transform
}

impl Engine {
    /// Steps from a named space to ACES2065-1, or `back`. Spaces that only the newer configuration knows meet the older one there.
    fn named_space(&self, aces: Aces, name: &str, back: bool) -> Result<Piece, ColorError> {
        let group = |config: Aces| {
            let transform = if back { ColorSpaceTransform::new(AP0, name) } else { ColorSpaceTransform::new(name, AP0) };
            Piece::Group(config, GroupTransform::from_transforms(vec![transform.into()]))
        };
        if self.config(aces)?.get_color_space(name).is_some() {
            return Ok(group(aces));
        }
        if let Some(piece) = own_piece(name, back) {
            return Ok(piece);
        }
        if self.studio_v5.get_color_space(name).is_some() {
            return Ok(group(Aces::V2_0));
        }
        Err(ColorError::UnknownSpace(name.to_owned()))
    }

    /// A show look, from and to ACES2065-1.
    fn show_look(&self, aces: Aces, look: &LookFile) -> Result<Vec<Piece>, ColorError> {
        let inside = Piece::Group(Aces::V2_0, look_transforms(&look.name, &look.bytes)?);
        if self.config(aces)?.get_color_space(&look.working_space).is_some_and(|space| space.name() == AP0) {
            return Ok(vec![inside]);
        }
        let into = self.named_space(aces, &look.working_space, true)?;
        Ok(vec![into, inside, self.named_space(aces, &look.working_space, false)?])
    }

    fn exact(&self, recipe: &Recipe, looks: &[LookFile]) -> Result<Exact, ColorError> {
        let config = self.config(recipe.aces)?;
        let mut stages = Vec::new();
        let mut group = GroupTransform::new();
        let mut source = recipe.source.clone();
        if config.get_color_space(&source).is_none() {
            stages.push(self.named_space(recipe.aces, &source, false)?.stage(self)?);
            source = AP0.to_owned();
        }
        if let Some(look) = &recipe.look {
            if config.look(look).is_none() {
                return Err(ColorError::UnknownLook(look.clone()));
            }
            group.append(LookTransform::new(&source, AP0, look));
            source = AP0.to_owned();
        }
        if let Some(cdl) = &recipe.cdl {
            cdl.check()?;
            if source != AP0 {
                group.append(ColorSpaceTransform::new(&source, AP0));
                source = AP0.to_owned();
            }
            for transform in cdl_in_acescct(cdl) {
                group.append(transform);
            }
        }
        let mut words = String::new();
        for look in looks {
            if source != AP0 {
                group.append(ColorSpaceTransform::new(&source, AP0));
                source = AP0.to_owned();
            }
            if !group.transforms.is_empty() {
                stages.push(Stage::Ocio(self.stage(recipe.aces, std::mem::replace(&mut group, GroupTransform::new()))?));
            }
            for piece in self.show_look(recipe.aces, look)? {
                stages.push(piece.stage(self)?);
            }
            words.push_str(&format!(" -> {} in {}", look.name, look.working_space));
        }
        let to = match &recipe.target {
            Target::ColorSpace(name) if config.get_color_space(name).is_some() => {
                group.append(ColorSpaceTransform::new(&source, name));
                name.clone()
            }
            Target::ColorSpace(name) => {
                let last = self.named_space(recipe.aces, name, true)?;
                group.append(ColorSpaceTransform::new(&source, AP0));
                stages.push(Stage::Ocio(self.stage(recipe.aces, std::mem::replace(&mut group, GroupTransform::new()))?));
                stages.push(last.stage(self)?);
                name.clone()
            }
            Target::Display { display, view } => {
                let display = Self::display(config, display).ok_or_else(|| ColorError::UnknownDisplay(display.clone()))?;
                if !config.has_view(display, view) {
                    return Err(ColorError::UnknownView { display: display.to_owned(), view: view.clone() });
                }
                group.append(DisplayViewTransform::new(&source, display, view));
                format!("{view} on {display}")
            }
        };
        if !group.transforms.is_empty() {
            stages.push(Stage::Ocio(self.stage(recipe.aces, group)?));
        }
        let look = recipe.look.as_deref().map(|look| format!(" -> {look}")).unwrap_or_default();
        let cdl = if recipe.cdl.is_some() { " -> CDL in ACEScct" } else { "" };
        Ok(Exact { stages, description: format!("{}{look}{cdl}{words} -> {to}", recipe.source) })
    }
}

impl ColorEngine for Engine {
    fn processor(&self, recipe: &Recipe) -> Result<Box<dyn Processor>, ColorError> {
        let recent = || self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, exact)) = recent().iter().find(|(other, _)| other == recipe) {
            return Ok(Box::new(Shared(exact.clone())));
        }
        let exact = Arc::new(self.exact(recipe, &[])?);
        let mut recent = recent();
        if recent.len() == MOST_RECENT {
            recent.remove(0);
        }
        recent.push((recipe.clone(), exact.clone()));
        Ok(Box::new(Shared(exact)))
    }

    fn graded(&self, recipe: &Recipe, looks: &[LookFile]) -> Result<Box<dyn Processor>, ColorError> {
        Ok(Box::new(self.exact(recipe, looks)?))
    }

    fn list(&self, aces: Aces) -> Result<Listing, ColorError> {
        let mut listing = listing(self.config(aces)?, aces.config_name());
        let own = spaces::all().iter().map(|space| SpaceListing {
            name: space.name.clone(),
            aliases: Vec::new(),
            family: space.family.to_owned(),
            encoding: "log".to_owned(),
        });
        listing.spaces.extend(own);
        Ok(listing)
    }
}

/// One step of a conversion.
pub(crate) enum Stage {
    /// A group of the engine.
    Ocio(Conversion),
    /// A camera space of our own; `true` for the way back.
    Own(spaces::Camera, bool),
}

pub(crate) struct Exact {
    pub(crate) stages: Vec<Stage>,
    pub(crate) description: String,
}

impl Processor for Exact {
    fn apply(&self, rgb: &mut [[f32; 3]]) {
        for stage in &self.stages {
            match stage {
                Stage::Ocio(conversion) => conversion.apply(rgb),
                Stage::Own(camera, back) => camera.apply(*back, rgb),
            }
        }
    }

    fn apply_by_library(&self, rgb: &mut [[f32; 3]]) {
        for stage in &self.stages {
            match stage {
                Stage::Ocio(conversion) => conversion.apply_plain(rgb),
                Stage::Own(camera, back) => camera.apply(*back, rgb),
            }
        }
    }

    fn description(&self) -> &str {
        &self.description
    }
}

/// A conversion that others use as well.
struct Shared(Arc<Exact>);

impl Processor for Shared {
    fn apply(&self, rgb: &mut [[f32; 3]]) {
        self.0.apply(rgb);
    }

    fn apply_by_library(&self, rgb: &mut [[f32; 3]]) {
        self.0.apply_by_library(rgb);
    }

    fn description(&self) -> &str {
        &self.0.description
    }
}
