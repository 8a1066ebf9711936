//! A browser that asks from another origin.

use core::time::Duration;

use axum::Router;
use axum::response::Html;
use axum::routing::{get, post};
use http::HeaderName;
use limits::http::{Policies, RateLimitLayer};
use limits_tests::servers::Browser;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tower_http::cors::{Any, CorsLayer};

use super::server::{Server, policy, routes, storages};

/// Asks three times, each after a preflight, and posts what a script can see.
const PAGE: &str = r#"<script type="module">
    const answers = [];
    for (let number = 0; number < 3; number++) {
        try {
            const answer = await fetch("API", { headers: { "x-own": "1" } });
            answers.push({
                status: answer.status,
                body: await answer.text(),
                limit: answer.headers.get("ratelimit"),
                policy: answer.headers.get("ratelimit-policy"),
                retryAfter: answer.headers.get("retry-after"),
            });
        } catch (error) {
            answers.push({ error: error.name });
        }
    }
    await fetch("/answers", { method: "POST", body: JSON.stringify(answers) });
</script>"#;

/// What a page of another origin sees of a service.
async fn seen(service: Router) -> Value {
    let api = Server::start(service).await;
    let page = PAGE.replace("API", &format!("http://127.0.0.1:{}/", api.port()));
    let (sender, mut answers) = mpsc::channel(1);
    let told = async move |answers: String| sender.send(answers).await.expect("one waits");
    let pages = Router::new()
        .route("/", get(async || Html(page)))
        .route("/answers", post(told));
    let pages = Server::start(pages).await;
    let page = format!("http://127.0.0.1:{}/", pages.port());
    let browser = Browser::open(&page).expect("Chromium starts");
    let answers = tokio::time::timeout(Duration::from_secs(60), answers.recv()).await;
    let answers = answers.unwrap_or_else(|_| panic!("no answers: {}", browser.log_tail()));
    serde_json::from_str(&answers.expect("answers")).expect("JSON")
}

fn cors() -> CorsLayer {
    let exposed = ["ratelimit", "ratelimit-policy", "retry-after"].map(HeaderName::from_static);
    let cors = CorsLayer::new().allow_origin(Any).allow_headers(Any);
    cors.expose_headers(exposed)
}

fn twice_an_hour(storage: limits::AnyStorage) -> RateLimitLayer {
    let policies = Policies::new(storage).with(policy("api", "2/hour"));
    policies.layer().expect("policies that are right")
}

/// agentgateway#926, Bamboo-agent#169, modrinth/labrinth#874.
#[tokio::test]
async fn a_script_reads_a_refusal_its_body_and_its_headers() {
    for kept in storages() {
        let seen = seen(routes().layer(twice_an_hour(kept.storage)).layer(cors())).await;
        for admitted in [0, 1] {
            assert_eq!(seen[admitted]["status"], 200, "{seen}");
            assert_eq!(seen[admitted]["body"], "served");
            assert_eq!(seen[admitted]["retryAfter"], Value::Null);
        }
        let refused = &seen[2];
        assert_eq!(refused["status"], 429, "{seen}");
        let body = refused["body"].as_str().expect("a body");
        let body: Value = serde_json::from_str(body).expect("a problem");
        assert_eq!(body["violated-policies"], json!(["api"]));
        let number = |name: &str| refused[name].as_str().map(str::to_owned).expect("a header");
        assert!(number("limit").starts_with(r#""api";r=0;t="#), "{seen}");
        assert!(
            number("policy").starts_with(r#""api";q=2;w=3600;pk=:"#),
            "{seen}"
        );
        let retry_after: u64 = number("retryAfter").parse().expect("seconds");
        assert!((3_500..=3_600).contains(&retry_after), "{seen}");
    }
}

/// What the order of the layers is for.
#[tokio::test]
async fn a_script_sees_a_failure_if_the_layers_are_the_other_way_round() {
    let [kept, _] = storages();
    let seen = seen(routes().layer(cors()).layer(twice_an_hour(kept.storage))).await;
    assert_eq!(seen[1]["status"], 200, "{seen}");
    assert_eq!(seen[2], json!({ "error": "TypeError" }), "{seen}");
}
