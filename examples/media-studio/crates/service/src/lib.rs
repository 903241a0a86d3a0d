//! The HTTP server of all services of the media studio, which takes port and health check from an
//! app's attribute.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::Query;
use axum::routing::get;
use machinist::Spec;
use tokio::net::TcpListener;

/// The query of a request.
pub type Parameters = BTreeMap<String, String>;

/// Serves `answer` at `path`, on the app's port and with its health check. If the program has the
/// argument `manifest`, prints the program's manifest instead.
///
/// # Errors
///
/// If the port cannot be opened.
pub fn serve(
    app: &'static Spec,
    path: &str,
    answer: impl Fn(&Parameters) -> Vec<u8> + Send + Sync + 'static,
) -> io::Result<()> {
    if std::env::args().nth(1).as_deref() == Some("manifest") {
        print!("{}", machinist::manifest());
        return Ok(());
    }
    let answer = Arc::new(answer);
    let handler = move |Query(parameters): Query<Parameters>| {
        let answer = Arc::clone(&answer);
        async move { answer(&parameters) }
    };
    let router = Router::new()
        .route(
            app.code.health_check.unwrap_or("/health"),
            get(|| async { "ok" }),
        )
        .route(path, get(handler));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(("0.0.0.0", app.code.port.unwrap_or(8080))).await?;
        println!(
            "{} listens on http://{}{path}",
            app.name,
            listener.local_addr()?
        );
        axum::serve(listener, router).await
    })
}
