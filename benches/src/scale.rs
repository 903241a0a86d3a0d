//! Planning and rendering many apps, each with tuned state.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::time::Instant;

use machinist_core::attribute::Value;
use machinist_deploy::{
    AppSettings, DeployStamp, Deployed, Manifest, Options, Project, TARGETS, plan, target, write,
};
use serde_json::json;

use crate::table;
use crate::tools::{Failure, Place, run};

const COUNTS: &[usize] = &[1_000, 10_000, 20_000];

/// The argument with which this program measures one count, in a process of its own for its
/// memory.
pub const ONE: &str = "scale-one";

pub fn bench(place: &Place) -> Result<(), Failure> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for &count in COUNTS {
        let output = run(Command::new(std::env::current_exe()?)
            .args([ONE, &count.to_string()])
            .current_dir(&place.work))?;
        let said = String::from_utf8(output.stdout)?;
        for (i, line) in said.lines().enumerate() {
            let (what, figure) = line.split_once('\t').ok_or("no figure")?;
            if rows.len() <= i {
                rows.push(vec![what.into()]);
            }
            rows[i].push(figure.into());
        }
    }
    let columns = COUNTS.iter().map(|count| format!("{count} apps"));
    let columns: Vec<String> = [String::from("ms")].into_iter().chain(columns).collect();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    table::print(
        "Planning and rendering apps with tuned state",
        &columns,
        &rows,
    );
    Ok(())
}

/// Measures one count and prints a line for each figure.
pub fn one(count: &str) -> Result<(), Failure> {
    let count: usize = count.parse()?;
    let manifest = manifest(count, 2)?;
    let before = deployed(&manifest)?;
    // The code says something else now, of every other app.
    let manifest = self::manifest(count, 4)?;

    let start = Instant::now();
    let planned = plan(&manifest, &before, &Options::default());
    println!("plan\t{}", ms(start));
    let after = before.after(&planned, &DeployStamp::default());

    let folder = tempfile::tempdir()?;
    for &name in TARGETS {
        let target = target(name, project(&manifest))?;
        let start = Instant::now();
        let rendering = target
            .deploy(&planned, &after)
            .map_err(|problem| problem.to_string())?;
        println!("render for {name}\t{}", ms(start));
        let start = Instant::now();
        let own = folder.path().join(name);
        fs::create_dir(&own)?;
        write(&rendering, &own, &mut |_| {}).map_err(|problem| problem.to_string())?;
        println!(
            "… and write its {} files an app\t{}",
            rendering.files.len() / count,
            ms(start)
        );
    }
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    println!("peak memory in all\t{}", peak.unwrap_or("?").trim());
    Ok(())
}

fn ms(start: Instant) -> String {
    format!("{:.0}", start.elapsed().as_secs_f64() * 1e3)
}

fn manifest(count: usize, gpus: u32) -> Result<Manifest, Failure> {
    let apps: Vec<_> = (0..count)
        .map(|i| {
            let gpus = if i % 2 == 0 { gpus } else { 2 };
            json!({
                "name": format!("app-{i:06}"),
                "package": "studio",
                "version": "0.1.0",
                "binaries": ["studio"],
                "source": {"file": "src/main.rs", "line": i + 1, "item": format!("A{i}")},
                "code": {
                    "machine_type": ["GPU-H100", "GPU-H200"], "gpus": gpus, "port": 8080,
                    "health_check": {"path": "/health"}, "startup_timeout": 900,
                },
                "scaling": {
                    "keep_alive": 300, "min_concurrency": 1, "max_concurrency": 10,
                    "regions": ["us-west"],
                },
            })
        })
        .collect();
    let manifest = json!({"manifest_version": 1, "apps": apps}).to_string();
    Ok(Manifest::parse(&manifest)?)
}

/// All apps as they were first deployed, each tuned since.
fn deployed(manifest: &Manifest) -> Result<Deployed, Failure> {
    let nothing = Deployed::default();
    let first = plan(manifest, &nothing, &Options::default());
    let mut deployed = nothing.after(&first, &DeployStamp::default());
    let tuned = [("keep_alive", 60), ("max_concurrency", 20)];
    let tuned = tuned.map(|(key, number)| (key.to_owned(), Value::Integer(number)));
    for app in &manifest.apps {
        let plan = deployed
            .tune(&app.name, &tuned, &[])
            .map_err(|problem| problem.to_string())?;
        deployed.settle_tuning(&plan, &DeployStamp::default());
    }
    Ok(deployed)
}

fn project(manifest: &Manifest) -> Project {
    let image = |_| AppSettings {
        image: Some("ghcr.io/acme/app:v1".into()),
        ..AppSettings::default()
    };
    let apps = manifest
        .apps
        .iter()
        .map(|app| (app.name.clone(), image(app)));
    Project {
        apps: apps.collect::<BTreeMap<_, _>>(),
        ..Project::default()
    }
}
