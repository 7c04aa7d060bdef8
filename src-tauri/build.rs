//! Declares the commands of the contract, so that each must be granted by name: Tauri guards commands only where they are declared.

fn main() {
    println!("cargo:rerun-if-changed=../ui/dist");
    let page = std::path::Path::new("../ui/dist/index.html");
    assert!(page.exists(), "the page is not built: run `npm ci && npm run build` in ui/ first");

    // `subscribe` is the one command beside the contract: it takes a channel and answers with frames.
    let commands: &'static [&'static str] =
        Vec::leak(checkgate_contract::COMMAND_NAMES.iter().copied().chain(["subscribe"]).collect());
    let manifest = tauri_build::AppManifest::new().commands(commands);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest))
        .expect("tauri.conf.json and the capabilities are sound");
}
