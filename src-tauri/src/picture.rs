//! Owns the `picture:` scheme: `picture://localhost/<card>/<index>/<size>?v=…` and `picture://localhost/<card>/sheet?v=…`. Names
//! things by id only; whatever is not an id is refused before anything is looked up.

use crate::shell::Shell;
use checkgate_app::PictureSize;
use checkgate_model::{ErrorCode, Problem};
use tauri::http::{Request, Response, StatusCode, header};
use tauri::{Manager, UriSchemeContext, UriSchemeResponder, Wry};

/// What a picture URL names.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Clip { card: String, index: u32, size: PictureSize },
    Sheet { card: String },
}

/// Answers off the main thread.
pub(crate) fn answer(context: UriSchemeContext<'_, Wry>, request: Request<Vec<u8>>, responder: UriSchemeResponder) {
    let handle = context.app_handle().clone();
    tauri::async_runtime::spawn(async move {
        let origin = own_origin(&request);
        let picture = match wanted(request.uri().path()) {
            Some(wanted) => read(&handle.state::<Shell>(), wanted).await,
            None => Err(Problem::new(ErrorCode::BadRequest, "this is not the address of a picture")),
        };
        responder.respond(response(picture, origin));
    });
}

async fn read(shell: &Shell, wanted: Wanted) -> Result<Vec<u8>, Problem> {
    let app = shell.app().await?;
    match wanted {
        Wanted::Clip { card, index, size } => app.picture(&card, index, size).await,
        Wanted::Sheet { card } => app.contact_sheet(&card).await,
    }
}

fn wanted(path: &str) -> Option<Wanted> {
    let parts: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let card = parts.first().filter(|card| is_id(card))?;
    match parts.as_slice() {
        [_, "sheet"] => Some(Wanted::Sheet { card: (*card).to_owned() }),
        [_, index, size] => {
            Some(Wanted::Clip { card: (*card).to_owned(), index: index.parse().ok()?, size: PictureSize::parse(size)? })
        }
        _ => None,
    }
}

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The page's own origin, if it is the one that asks: a canvas may then read the picture, nobody else may.
fn own_origin(request: &Request<Vec<u8>>) -> Option<&'static str> {
    let asked = request.headers().get(header::ORIGIN)?.to_str().ok()?;
    ["tauri://localhost", "http://tauri.localhost", "https://tauri.localhost"].into_iter().find(|own| *own == asked)
}

fn response(picture: Result<Vec<u8>, Problem>, origin: Option<&'static str>) -> Response<Vec<u8>> {
    let (status, kind, cache, body) = match picture {
        // The address holds the version of the picture, so what it names never changes.
        Ok(jpeg) => (StatusCode::OK, "image/jpeg", "public, max-age=31536000, immutable", jpeg),
        Err(problem) => {
            let status = match problem.code {
                ErrorCode::BadRequest => StatusCode::BAD_REQUEST,
                ErrorCode::NotFound => StatusCode::NOT_FOUND,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            };
            (status, "text/plain; charset=utf-8", "no-store", problem.summary.into_bytes())
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let mut set = |name, value: &'static str| response.headers_mut().insert(name, header::HeaderValue::from_static(value));
    set(header::CONTENT_TYPE, kind);
    set(header::CACHE_CONTROL, cache);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if let Some(origin) = origin {
        set(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_pictures_by_id_only() {
        let clip = Wanted::Clip { card: "0190e2b4-7c1e".to_owned(), index: 41, size: PictureSize::Small };
        assert_eq!(wanted("/0190e2b4-7c1e/41/small"), Some(clip));
        assert_eq!(wanted("/0190e2b4-7c1e/sheet"), Some(Wanted::Sheet { card: "0190e2b4-7c1e".to_owned() }));
        for bad in [
            "",
            "/",
            "//41/small",
            "/../etc/passwd",
            "/..%2f/41/small",
            "/a/-1/small",
            "/a/4294967296/small",
            "/a/1/huge",
            "/a/1",
            "/a/1/small/x",
            "/a b/1/small",
            "/%2e%2e/sheet",
        ] {
            assert_eq!(wanted(bad), None, "{bad}");
        }
    }

    #[test]
    fn pictures_are_kept_for_ever_and_refusals_never() {
        let good = response(Ok(vec![0xff, 0xd8]), Some("tauri://localhost"));
        assert_eq!(good.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert_eq!(good.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "tauri://localhost");
        let bad = response(Err(Problem::new(ErrorCode::NotFound, "there is no clip 7")), None);
        assert_eq!(
            (bad.status(), &bad.headers()[header::CACHE_CONTROL]),
            (StatusCode::NOT_FOUND, &header::HeaderValue::from_static("no-store"))
        );
        assert!(bad.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN).is_none());
    }

    #[test]
    fn only_the_page_itself_may_read_pixels() {
        let from = |origin: &str| {
            let request = Request::builder().uri("picture://localhost/a/sheet").header(header::ORIGIN, origin).body(Vec::new());
            own_origin(&request.expect("is a request"))
        };
        assert_eq!(from("tauri://localhost"), Some("tauri://localhost"));
        assert_eq!(from("https://elsewhere.example"), None);
    }
}
