//! Reads whether a service is ready out of `kubectl get ksvc NAME --output=json`.

use serde::Deserialize;

use crate::status::{Status, joined};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Service {
    metadata: Metadata,
    #[serde(default)]
    status: ServiceStatus,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    generation: u64,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ServiceStatus {
    observed_generation: u64,
    conditions: Vec<Condition>,
    latest_created_revision_name: String,
    latest_ready_revision_name: String,
}

#[derive(Deserialize)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    message: String,
}

impl Condition {
    fn is(&self, status: &str) -> bool {
        self.status == status
    }

    fn text(&self) -> String {
        match self.message.is_empty() {
            true => self.reason.clone(),
            false => self.message.clone(),
        }
    }
}

/// Whether the last revision of a service is ready. An older one may still answer while it starts.
pub(super) fn read(text: &str) -> Result<Status, String> {
    let service: Service = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let status = service.status;
    if status.observed_generation < service.metadata.generation {
        return Ok(Status::Starting("the change is not taken up yet".into()));
    }
    let says = |state: &str| {
        let conditions = status.conditions.iter();
        joined(conditions.filter(|it| it.is(state)).map(Condition::text))
    };
    let mut conditions = status.conditions.iter();
    let ready = conditions.find(|condition| condition.kind == "Ready");
    let is_newest = status.latest_ready_revision_name == status.latest_created_revision_name;
    Ok(match ready {
        Some(ready) if ready.is("False") => Status::Failed(says("False")),
        Some(ready) if ready.is("True") && is_newest => Status::Ready(String::new()),
        _ => {
            let revision = &status.latest_created_revision_name;
            let says = says("Unknown");
            Status::Starting(match says.is_empty() {
                true => format!("revision {revision} is not ready yet"),
                false => says,
            })
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn status(generation: u64, ready: &str, latest_ready: &str) -> Status {
        let message = |status: &str| match status {
            "True" => "",
            _ => "Revision \"a-00002\" failed: the image cannot be pulled",
        };
        let service = json!({
            "metadata": {"name": "a", "generation": generation},
            "status": {
                "observedGeneration": 2,
                "latestCreatedRevisionName": "a-00002",
                "latestReadyRevisionName": latest_ready,
                "conditions": [
                    {"type": "ConfigurationsReady", "status": ready, "message": message(ready)},
                    {"type": "Ready", "status": ready, "message": message(ready)},
                    {"type": "RoutesReady", "status": "True"},
                ],
            },
        });
        read(&service.to_string()).unwrap()
    }

    #[test]
    fn the_readiness_of_an_older_revision_does_not_count() {
        assert_eq!(status(2, "True", "a-00002"), Status::Ready(String::new()));
        for older in [status(2, "True", "a-00001"), status(3, "True", "a-00002")] {
            assert!(matches!(older, Status::Starting(_)), "{older:?}");
        }
        // What failed before is not what was just applied.
        assert!(matches!(status(3, "False", "a-00002"), Status::Starting(_)));
    }

    #[test]
    fn what_several_conditions_say_is_said_once() {
        let says = "Revision \"a-00002\" failed: the image cannot be pulled".to_owned();
        assert_eq!(status(2, "False", "a-00001"), Status::Failed(says.clone()));
        assert_eq!(status(2, "Unknown", "a-00001"), Status::Starting(says));
    }

    #[test]
    fn a_service_that_no_controller_has_seen_starts() {
        let service = json!({"metadata": {"name": "a", "generation": 1}});
        let status = read(&service.to_string()).unwrap();
        assert!(matches!(status, Status::Starting(_)), "{status:?}");
        assert!(read("").is_err());
    }
}
