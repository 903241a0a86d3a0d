//! The settings of an app.

use std::path::PathBuf;

use machinist_core::problem::Problem;
use machinist_core::text::visible;

pub(super) use super::bindings::ENV;
use super::bindings::{REGISTRY_CREDENTIALS, SECRETS, VOLUMES};
use super::reader::{Item, Reader};
use super::scaling::FirstScaling;
use crate::bindings::Bindings;

const IMAGE: &str = "image";
const DOCKERFILE: &str = "dockerfile";
const CONTEXT: &str = "context";
const BIN: &str = "bin";
const AUTH: &str = "auth";
/// The key of the first deploy's scaling, in the settings of an environment.
pub(super) const SCALING: &str = "scaling";

/// The keys of an app that may stand for all apps too.
pub(super) const KEYS: &[&str] = &[
    IMAGE,
    DOCKERFILE,
    CONTEXT,
    BIN,
    AUTH,
    SECRETS,
    VOLUMES,
    REGISTRY_CREDENTIALS,
];

/// Who may call an app, in the words of the platform's client.
const AUTH_MODES: &[&str] = &["private", "public", "shared"];

/// The settings of an app.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AppSettings {
    /// The container image, if it is built elsewhere.
    pub image: Option<String>,
    /// The `Dockerfile` that makes the image.
    pub dockerfile: Option<PathBuf>,
    /// The folder whose files the `Dockerfile` copies; without it the `Dockerfile`'s own.
    pub context: Option<PathBuf>,
    /// The binary to deploy, if several link the app.
    pub bin: Option<String>,
    /// Who may call the app.
    pub auth: Option<String>,
    /// The scaling of its first deploy in the environment.
    pub scaling: FirstScaling,
    /// Environment variables, secrets, volumes and credentials.
    pub bindings: Bindings,
}

impl AppSettings {
    /// Takes a key, if it is one of [`KEYS`].
    pub(super) fn read_key(
        &mut self,
        reader: &Reader,
        key: &str,
        value: &Item<'_>,
    ) -> Result<bool, Problem> {
        match key {
            IMAGE => self.image = Some(image(reader, value)?),
            DOCKERFILE => self.dockerfile = Some(reader.path(DOCKERFILE, value)?),
            CONTEXT => self.context = Some(reader.path(CONTEXT, value)?),
            BIN => self.bin = Some(reader.text(BIN, value)?.into()),
            AUTH => self.auth = Some(auth(reader, value)?),
            _ => return self.bindings.read_key(reader, key, value),
        }
        Ok(true)
    }

    /// Takes the first deploy's scaling.
    pub(super) fn read_scaling(
        &mut self,
        reader: &Reader,
        value: &Item<'_>,
    ) -> Result<(), Problem> {
        self.scaling = FirstScaling::read(SCALING, reader, value)?;
        Ok(())
    }

    /// Takes the environment variables.
    pub(super) fn read_env(&mut self, reader: &Reader, value: &Item<'_>) -> Result<(), Problem> {
        self.bindings.read_env(reader, value)
    }

    /// Each key from the first of these that has it; of environment variables, secrets and volumes
    /// each single one.
    pub(super) fn first_of(nearest: &[&Self]) -> Self {
        Self {
            image: nearest.iter().find_map(|near| near.image.clone()),
            dockerfile: nearest.iter().find_map(|near| near.dockerfile.clone()),
            context: nearest.iter().find_map(|near| near.context.clone()),
            bin: nearest.iter().find_map(|near| near.bin.clone()),
            auth: nearest.iter().find_map(|near| near.auth.clone()),
            scaling: FirstScaling::first_of(nearest.iter().map(|near| &near.scaling)),
            bindings: Bindings::first_of(nearest.iter().map(|near| &near.bindings)),
        }
    }
}

fn image(reader: &Reader, value: &Item<'_>) -> Result<String, Problem> {
    let image = reader.text(IMAGE, value)?;
    check_image_name(image).map_err(|problem| reader.at(value, problem))?;
    Ok(image.into())
}

/// Checks the name of an image, as it may stand in the settings.
///
/// # Errors
///
/// When it is not one, with what to write.
///
/// ```
/// use machinist_deploy::check_image_name;
///
/// assert!(check_image_name("ghcr.io/acme/llm:v1").is_ok());
/// assert!(check_image_name("acme llm").is_err());
/// ```
pub fn check_image_name(image: &str) -> Result<(), Problem> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    if !image.is_empty() && image.chars().all(is_plain) {
        return Ok(());
    }
    let problem = Problem::new(format!("`{}` is not the name of an image", visible(image)));
    Err(problem.help("write it like `ghcr.io/acme/llm:v1`"))
}

fn auth(reader: &Reader, value: &Item<'_>) -> Result<String, Problem> {
    let auth = reader.text(AUTH, value)?;
    if AUTH_MODES.contains(&auth) {
        return Ok(auth.into());
    }
    let problem = Problem::new(format!("unknown `auth` mode `{}`", visible(auth)));
    Err(reader.at(
        value,
        problem.help(format!("write one of {}", AUTH_MODES.join(", "))),
    ))
}
