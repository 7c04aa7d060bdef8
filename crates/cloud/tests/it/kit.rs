//! Owns what the tests share: packages with a real ASC MHL history, clouds over either store, raw requests, waiting.

use checkgate_cloud::store::S3Credentials;
use checkgate_cloud::{Running, UpOptions, up};
use checkgate_mhl::{Append, CHAIN, FOLDER, FileRecord, FolderRecord, History, MultiHasher, Operation, Process};
use checkgate_model::{HashFormat, RelPath, Timestamp, UploadId};
use checkgate_testkit::garage::{self, Garage};
use checkgate_testkit::proxy::Proxy;
use checkgate_transfer::wire::{CreatePackage, DeclaredFile};
use checkgate_transfer::{
    BLOCK_BYTES, CloudAddress, CloudClient, Crc64, MemoryJournal, PackageFile, PackageId, PackagePlan, PackageStatus,
    RetryPolicy, UploadControl, UploadError, UploadMeter, UploadOptions, UploadReport, upload,
};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Part size of most tests: the smallest that S3 allows.
pub(crate) const PART: u64 = 5 * 1024 * 1024;

pub(crate) fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2).wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

fn files_below(root: &Path, folder: &Path, files: &mut Vec<RelPath>, folders: &mut Vec<RelPath>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let relative = RelPath::new(path.strip_prefix(root).unwrap().to_str().unwrap()).unwrap();
        if path.is_dir() {
            folders.push(relative);
            files_below(root, &path, files, folders);
        } else {
            files.push(relative);
        }
    }
}

/// Seals a folder with a first generation, as an offload does, and makes the plan that uploads it.
pub(crate) fn seal(root: &Path, upload_id: &str) -> PackagePlan {
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    files_below(root, root, &mut files, &mut folders);
    let now: Timestamp = "2026-11-23T07:00:00Z".parse().unwrap();
    let records: Vec<FileRecord> = files
        .iter()
        .map(|path| {
            let bytes = std::fs::read(root.join(path.as_str())).unwrap();
            let mut hasher = MultiHasher::new(&[HashFormat::Xxh64]);
            hasher.update(&bytes);
            FileRecord {
                path: path.clone(),
                size_bytes: bytes.len() as u64,
                modified: None,
                hashes: hasher.finish(),
                hashed_at: now,
                previous_path: None,
            }
        })
        .collect();
    let operation = Operation {
        started: now,
        host_name: "cart".to_owned(),
        tool: "checkgate".to_owned(),
        tool_version: "0".to_owned(),
        process: Process::Transfer,
        authors: Vec::new(),
        location: None,
        comment: None,
    };
    let folders: Vec<FolderRecord> = folders.into_iter().map(FolderRecord::from).collect();
    let generation = History::empty().append(&Append::whole("A003R1JL", &operation, &records, &folders)).unwrap();
    let history = root.join(FOLDER);
    std::fs::create_dir(&history).unwrap();
    std::fs::write(history.join(&generation.manifest_name), &generation.manifest_xml).unwrap();
    std::fs::write(history.join(CHAIN), &generation.chain_xml).unwrap();
    let mut all = files;
    all.push(RelPath::new(&format!("{FOLDER}/{}", generation.manifest_name)).unwrap());
    all.push(RelPath::new(&format!("{FOLDER}/{CHAIN}")).unwrap());
    let files = all.into_iter().map(|key| package_file(root, key, &records)).collect();
    PackagePlan { upload: UploadId::from(upload_id), name: "A003R1JL".to_owned(), files }
}

fn package_file(root: &Path, key: RelPath, records: &[FileRecord]) -> PackageFile {
    let path = root.join(key.as_str());
    let bytes = std::fs::read(&path).unwrap();
    let manifest = key.as_str().starts_with(FOLDER);
    PackageFile {
        size_bytes: bytes.len() as u64,
        modified: Timestamp::try_from(std::fs::metadata(&path).unwrap().modified().unwrap()).unwrap(),
        hashes: records.iter().find(|record| record.path == key).map(|record| record.hashes.clone()).unwrap_or_default(),
        block_crc64: bytes.chunks(BLOCK_BYTES as usize).map(|block| Crc64::of(block).0).collect(),
        manifest,
        key,
        path,
    }
}

/// A copy with a clip of several parts, small files, an empty one, and names that stores do not like.
pub(crate) fn awkward_copy(clip_bytes: usize, upload_id: &str) -> (TempDir, PackagePlan) {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    put("A003R1JL/A003C001.bin", &noise(clip_bytes, 1));
    put("A003R1JL/side car #1 [x] 100%.xml", b"<a/>");
    put("A003R1JL/été/夜 ~.txt", "night".as_bytes());
    put("A003R1JL/empty.bin", b"");
    let plan = seal(folder.path(), upload_id);
    (folder, plan)
}

/// A cloud over one of the two stores, with everything it needs to live.
pub(crate) struct Cloud {
    pub(crate) running: Option<Running>,
    pub(crate) options: UpOptions,
    /// Before the part endpoint of whichever store it is.
    pub(crate) proxy: Option<Proxy>,
    _garage: Option<Garage>,
    _folder: TempDir,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Over {
    Folder,
    Garage,
}

pub(crate) fn quick() -> RetryPolicy {
    RetryPolicy { tries: 3, first_wait: Duration::from_millis(5), longest_wait: Duration::from_millis(20) }
}

impl Cloud {
    /// `None`, and a word on stderr, where Garage is not installed.
    pub(crate) async fn start(over: Over, change: impl FnOnce(&mut UpOptions)) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut options = UpOptions::new(folder.path().join("cloud"));
        options.heartbeat = checkgate_cloud::queue::Heartbeat { every: Duration::from_secs(1), missed: 3 };
        let (mut garage_server, mut proxy) = (None, None);
        if over == Over::Garage {
            if garage::find().is_none() {
                eprintln!("SKIPPED: garage is not installed (CHECKGATE_GARAGE), so nothing is proven against a real S3 server");
                return None;
            }
            let server = Garage::start(&folder.path().join("garage")).unwrap();
            let before = Proxy::start(server.address()).unwrap();
            let url = format!("s3://{}?endpoint=http://{}&region={}", Garage::BUCKET, before.address(), Garage::REGION);
            options.store = Some(url.parse().unwrap());
            options.s3 =
                Some(S3Credentials { access_key: Garage::ACCESS_KEY.to_owned(), secret_key: Garage::SECRET_KEY.to_owned() });
            (garage_server, proxy) = (Some(server), Some(before));
        }
        change(&mut options);
        let running = up(options.clone()).await.unwrap();
        if over == Over::Folder {
            proxy = Some(Proxy::start(running.address).unwrap());
        }
        Some(Self { running: Some(running), options, proxy, _garage: garage_server, _folder: folder })
    }

    pub(crate) async fn folder() -> Self {
        Self::start(Over::Folder, |_| {}).await.unwrap()
    }

    pub(crate) fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    pub(crate) fn address(&self) -> CloudAddress {
        self.running().cloud_address()
    }

    /// The address at which part bytes pass the proxy: for the folder store everything does, for S3 only what goes to the store.
    pub(crate) fn address_through_proxy(&self, over: Over) -> CloudAddress {
        match over {
            Over::Folder => CloudAddress { url: format!("http://{}", self.proxy.as_ref().unwrap().address()), ..self.address() },
            Over::Garage => self.address(),
        }
    }

    pub(crate) async fn restart(&mut self, change: impl FnOnce(&mut UpOptions)) {
        if let Some(running) = self.running.take() {
            running.shutdown().await;
        }
        change(&mut self.options);
        self.running = Some(up(self.options.clone()).await.unwrap());
    }

    pub(crate) fn store_folder(&self) -> PathBuf {
        self.options.home.join("store")
    }
}

pub(crate) fn small_parts() -> UploadOptions {
    UploadOptions { part_size: Some(PART), retry: quick(), ..UploadOptions::default() }
}

pub(crate) async fn send(
    address: &CloudAddress,
    plan: &PackagePlan,
    options: &UploadOptions,
) -> Result<UploadReport, UploadError> {
    upload(address, plan, &MemoryJournal::default(), options, &UploadControl::new(), &UploadMeter::default()).await
}

/// Asks until the package stands where nothing further happens. Workers are other tasks or processes; they can only be asked.
pub(crate) async fn until_final(address: &CloudAddress, package: &PackageId) -> PackageStatus {
    let client = CloudClient::new(address).unwrap();
    until(Duration::from_secs(240), || async {
        let status = client.package(package).await.ok()?;
        status.state.is_final().then_some(status)
    })
    .await
}

pub(crate) async fn until<T, F: Future<Output = Option<T>>>(limit: Duration, ask: impl Fn() -> F) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "nothing happened in {limit:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Requests as any client could make them, honest or not.
pub(crate) struct Raw {
    pub(crate) http: reqwest::Client,
    pub(crate) address: CloudAddress,
}

impl Raw {
    pub(crate) fn new(address: CloudAddress) -> Self {
        Self { http: reqwest::Client::builder().no_proxy().build().unwrap(), address }
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let request = self.http.request(method.parse().unwrap(), format!("{}{path}", self.address.url)).json(&body);
        let request = match &self.address.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or(Value::Null))
    }

    /// Declares a package of one file of zeros-free noise and opens it; returns package id and upload id.
    pub(crate) async fn open_one(&self, upload: &str, size_bytes: u64) -> (String, String) {
        let files =
            vec![DeclaredFile { key: RelPath::new("clip.bin").unwrap(), size_bytes, hashes: Vec::new(), manifest: false }];
        let request = CreatePackage { upload: UploadId::from(upload), name: "one".to_owned(), files };
        let (status, created) = self.ask("POST", "/v1/packages", serde_json::to_value(&request).unwrap()).await;
        assert_eq!(status, 200, "{created}");
        let package = created["package"].as_str().unwrap().to_owned();
        let (status, opened) = self
            .ask("POST", &format!("/v1/packages/{package}/files/0/upload"), serde_json::json!({ "part_size_bytes": PART }))
            .await;
        assert_eq!(status, 200, "{opened}");
        (package, opened["upload"].as_str().unwrap().to_owned())
    }

    pub(crate) async fn sign(&self, package: &str, upload: &str, number: u32, crc64: Crc64) -> Value {
        let body = serde_json::json!({ "upload": upload, "parts": [{ "number": number, "crc64": crc64 }] });
        let (status, signed) = self.ask("POST", &format!("/v1/packages/{package}/files/0/parts"), body).await;
        assert_eq!(status, 200, "{signed}");
        signed["parts"][0].clone()
    }

    pub(crate) async fn put(&self, signed: &Value, url: Option<&str>, bytes: &[u8]) -> u16 {
        let mut request = self.http.put(url.unwrap_or_else(|| signed["url"].as_str().unwrap())).body(bytes.to_vec());
        for (name, value) in signed["headers"].as_object().unwrap() {
            request = request.header(name, value.as_str().unwrap());
        }
        request.send().await.map_or(0, |response| response.status().as_u16())
    }

    pub(crate) async fn parts(&self, package: &str) -> Vec<Value> {
        let (status, listed) = self.ask("GET", &format!("/v1/packages/{package}/files/0/parts"), Value::Null).await;
        assert_eq!(status, 200, "{listed}");
        listed["parts"].as_array().unwrap().clone()
    }

    pub(crate) async fn complete(&self, package: &str, upload: &str, crc64: Crc64, parts: &[(Crc64, String)]) -> (u16, Value) {
        let parts: Vec<Value> = parts
            .iter()
            .enumerate()
            .map(|(slot, (crc64, etag))| serde_json::json!({ "number": slot + 1, "crc64": crc64, "etag": etag }))
            .collect();
        let body = serde_json::json!({ "upload": upload, "crc64": crc64, "parts": parts });
        self.ask("POST", &format!("/v1/packages/{package}/files/0/complete"), body).await
    }
}
