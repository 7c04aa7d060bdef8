//! Owns `checkgate volumes`, `mount` and `eject`.

use super::open;
use crate::args_repair::{Eject, Mount};
use crate::output::{Output, gigabytes};
use checkgate_model::Problem;
use std::path::PathBuf;

pub(crate) fn volumes(output: &Output) -> Result<u8, Problem> {
    let volumes = checkgate_app::list_volumes()?;
    if output.json {
        output.value(&volumes);
        return Ok(0);
    }
    for volume in volumes {
        let access = match (volume.read_only, volume.role.as_str()) {
            (true, _) => output.good("read-only"),
            (false, "card") => output.attention("WRITABLE"),
            (false, _) => "writable".to_owned(),
        };
        let link = volume.link_words.as_deref().or(volume.bus.as_deref()).unwrap_or("bus not known");
        output.line(&format!(
            "{:<8} {:<16} {:<8} {:>10} free of {:>10}  {access}  {link}  {}",
            volume.role,
            volume.label,
            volume.file_system,
            gigabytes(volume.free_bytes),
            gigabytes(volume.total_bytes),
            volume.mount_point
        ));
        let mut facts: Vec<String> = volume.model.into_iter().collect();
        facts.push(volume.device.unwrap_or_else(|| "device not known".to_owned()));
        facts.extend(volume.file_system_id.map(|id| format!("file system {id}")));
        facts.extend(volume.rotational.map(|spins| if spins { "spinning" } else { "solid state" }.to_owned()));
        facts.extend(volume.removable.filter(|removable| *removable).map(|_| "removable".to_owned()));
        output.line(&format!("         {}", facts.join(" · ")));
        if let Some(slow) = volume.slow_link {
            output.line(&format!("         {} {slow}", output.attention("slow link:")));
        }
    }
    Ok(0)
}

pub(crate) fn mount(options: &Mount, output: &Output) -> Result<u8, Problem> {
    let at = checkgate_app::mount_card(&options.device, options.at.as_deref())?;
    if output.json {
        output.value(&serde_json::json!({ "device": options.device, "mount_point": at, "read_only": true }));
    } else {
        output.line(&format!("{} is mounted read-only on {}", options.device.display(), at.display()));
    }
    Ok(0)
}

pub(crate) async fn eject(home: Option<PathBuf>, options: &Eject, output: &Output) -> Result<u8, Problem> {
    let app = open(home).await?;
    let ended = app.eject_named(&options.volume).await;
    app.shutdown().await;
    let ejected = ended?;
    if output.json {
        output.value(&serde_json::json!({ "mount_point": ejected.mount_point, "powered_off": ejected.powered_off }));
    } else {
        let power = if ejected.powered_off { " and powered down" } else { "" };
        output.line(&format!("{} is unmounted{power}; it may be taken out", ejected.mount_point.display()));
    }
    Ok(0)
}
