use crate::make;
use checkgate_color::Engine;
use checkgate_preview::{
    Ffmpeg, FramePick, InputChoice, Limits, Media, PreviewError, StillRequest, ToolError, media_info, still,
};
use std::path::Path;
use std::time::{Duration, Instant};

fn look(ffmpeg: &Ffmpeg, path: &Path, frame: FramePick) -> Result<checkgate_preview::Picture, PreviewError> {
    let request =
        StillRequest { frame, ..StillRequest::new(Media::File(path.to_path_buf()), InputChoice::explicit("ARRI LogC4")) };
    still(Some(ffmpeg), Engine::shared().unwrap(), &request)
}

#[test]
fn damaged_media_give_a_reason_and_no_picture() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(make::clip(&ffmpeg, &folder.path().join("whole.mov"), "ARRI LogC4", "hq", 4)).unwrap();
    // With its index in front, a file that lost its end still opens; the frames that are gone must be missed.
    let fast = folder.path().join("fast.mov");
    let done = std::process::Command::new(ffmpeg.path())
        .args(["-v", "error", "-i"])
        .arg(folder.path().join("whole.mov"))
        .args(["-c", "copy", "-movflags", "+faststart"])
        .arg(&fast)
        .status();
    assert!(done.unwrap().success());
    let front = std::fs::read(&fast).unwrap();
    let path = folder.path().join("a.mov");
    let playlist = format!("#EXTM3U\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n", folder.path().join("whole.mov").display());
    let concat = format!("ffconcat version 1.0\nfile '{}'\n", folder.path().join("whole.mov").display());
    let noise: Vec<u8> = (0..200_000_u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for (what, bytes) in [
        ("cut in the middle", whole[..whole.len() / 2].to_vec()),
        ("index in front, last frames cut off", front[..front.len() * 6 / 10].to_vec()),
        ("empty", Vec::new()),
        ("noise", noise),
        ("text", b"this is not a film".to_vec()),
        ("playlist naming another file", playlist.into_bytes()),
        ("concat script naming another file", concat.into_bytes()),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let error = look(&ffmpeg, &path, FramePick::Last).expect_err(what);
        assert!(matches!(error, PreviewError::Damaged { .. } | PreviewError::Unsupported { .. }), "{what}: {error:?}");
        assert!(!error.to_string().contains("whitelist"), "{error}");
        eprintln!("{what}: {error}");
    }
    assert!(matches!(look(&ffmpeg, &folder.path().join("gone.mov"), FramePick::First), Err(PreviewError::Read { .. })));
    assert!(look(&ffmpeg, folder.path(), FramePick::First).is_err());
    // The picture bytes of the last frame are noise: ffmpeg may conceal, but never more or less than one frame comes back.
    let mut torn = whole.clone();
    let mdat = torn.windows(4).position(|four| four == b"mdat").unwrap();
    for (index, byte) in torn[mdat + 2000..mdat + 60_000].iter_mut().enumerate() {
        *byte = (index * 37) as u8;
    }
    std::fs::write(&path, &torn).unwrap();
    match look(&ffmpeg, &path, FramePick::First) {
        Ok(picture) => assert_eq!(picture.rgb.len(), picture.width * picture.height),
        Err(error) => assert!(matches!(error, PreviewError::Damaged { .. }), "{error:?}"),
    }
}

#[test]
fn a_picture_larger_than_the_limit_is_not_decoded() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = make::clip(&ffmpeg, &folder.path().join("a.mov"), "ARRI LogC4", "hq", 1);
    let small = ffmpeg.with_limits(Limits { pixels: 1000, ..Limits::default() });
    assert!(matches!(look(&small, &path, FramePick::First), Err(PreviewError::Limit { .. })));
}

#[test]
fn a_missing_ffmpeg_is_named() {
    assert!(matches!(Ffmpeg::at(Path::new("/nowhere/ffmpeg")), Err(ToolError::NotFound { .. })));
    let request = StillRequest::new(Media::File("/nowhere/a.mov".into()), InputChoice::explicit("ARRI LogC4"));
    assert!(matches!(still(None, Engine::shared().unwrap(), &request), Err(PreviewError::Tool { .. })));
}

/// An "ffmpeg" that states a version and then does `body`; its ffprobe answers for a small picture.
#[cfg(unix)]
fn impostor(folder: &Path, body: &str) -> Ffmpeg {
    use std::os::unix::fs::PermissionsExt;
    let script = |name: &str, body: &str| {
        let path = folder.join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    };
    script(
        "ffprobe",
        r#"echo '{"streams":[{"codec_type":"video","codec_name":"prores","width":64,"height":64,"pix_fmt":"yuv422p10le","r_frame_rate":"24/1","nb_frames":"10"}],"format":{"format_name":"mov"}}'"#,
    );
    let path = script(
        "ffmpeg",
        // A decoder may write no file; a folder says its number all the same.
        &format!(
            "if [ \"$1\" = -version ]; then echo 'ffmpeg version 9.9'; exit 0; fi\nmkdir {}/pid-$$\n{body}",
            folder.display()
        ),
    );
    Ffmpeg::at(&path).unwrap().with_limits(Limits {
        still: Duration::from_millis(600),
        stall: Duration::from_millis(600),
        ..Limits::default()
    })
}

#[cfg(unix)]
fn assert_gone(folder: &Path) {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let pids: Vec<String> = names.filter_map(|name| name.strip_prefix("pid-").map(str::to_owned)).collect();
    assert!(!pids.is_empty());
    for pid in pids {
        assert!(!Path::new("/proc").join(&pid).exists() || !cfg!(target_os = "linux"), "process {pid} is still there");
    }
}

#[cfg(unix)]
#[test]
fn a_decoder_that_hangs_or_floods_is_stopped_and_nothing_is_left() {
    for (body, what) in [
        ("sleep 600 & wait", "hang with a child of its own"),
        ("exec sleep 600", "hang"),
        ("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done", "flood on stdout"),
        ("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx >&2; done", "flood on stderr"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let ffmpeg = impostor(folder.path(), body);
        let path = folder.path().join("a.mov");
        std::fs::write(&path, b"x").unwrap();
        let began = Instant::now();
        let error = look(&ffmpeg, &path, FramePick::First).expect_err(what);
        assert!(matches!(error, PreviewError::Limit { .. }), "{what}: {error:?}");
        assert!(began.elapsed() < Duration::from_secs(20), "{what}");
        assert_gone(folder.path());
    }
}

#[cfg(unix)]
#[test]
fn a_decoder_that_gives_half_a_frame_is_no_picture() {
    let folder = tempfile::tempdir().unwrap();
    let ffmpeg = impostor(folder.path(), "head -c 5000 /dev/zero; echo 'it broke' >&2");
    let path = folder.path().join("a.mov");
    std::fs::write(&path, b"x").unwrap();
    let error = look(&ffmpeg, &path, FramePick::First).unwrap_err();
    assert!(error.to_string().contains("it broke"), "{error}");
    assert!(media_info(&ffmpeg, &path).is_ok());
}

#[cfg(unix)]
#[test]
fn a_proxy_that_stalls_is_stopped_and_leaves_no_file() {
    use checkgate_preview::{ProxyOptions, proxy};
    use std::ops::ControlFlow;
    let folder = tempfile::tempdir().unwrap();
    let ffmpeg = impostor(folder.path(), "exec sleep 600");
    let path = folder.path().join("a.mov");
    std::fs::write(&path, b"x").unwrap();
    let out = folder.path().join("proxy.mov");
    let options = ProxyOptions::new(Media::File(path), InputChoice::explicit("ARRI LogC4"));
    let error = proxy(&ffmpeg, Engine::shared().unwrap(), &options, &out, &|_| ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(error, PreviewError::Limit { .. }), "{error:?}");
    assert!(!out.exists());
    assert_gone(folder.path());
}
