//! Reads the tables of `sky serve status NAME`: the tool prints no JSON.

use machinist_core::parameter::Key;

use crate::status::{AwaitedApp, STARTS_ON_REQUEST, Status, joined};

/// A replica of a service.
#[derive(Debug, PartialEq)]
struct Replica<'t> {
    id: &'t str,
    /// The version of the service that it runs, from 1.
    version: u32,
    /// The status, and sometimes why: `PROVISIONING (waiting for queue admission)`.
    status: &'t str,
}

impl Replica<'_> {
    fn is(&self, status: &str) -> bool {
        self.status.split(' ').next() == Some(status)
    }

    fn has_failed(&self) -> bool {
        self.status.starts_with("FAILED")
    }

    fn text(&self) -> String {
        format!("replica {}: {}", self.id, self.status)
    }
}

/// Whether a replica of the service's last version is ready. An update makes a new version, and the
/// replicas of older ones go on until it is ready; so the answer before the deploy says which
/// versions are old.
pub(super) fn read(text: &str, app: AwaitedApp<'_>) -> Result<Status, String> {
    let service = service_status(text, app.name)?;
    let versions = |text| {
        let replicas = replicas(text, app.name);
        replicas.into_iter().map(|replica| replica.version)
    };
    let old = app.before.and_then(|before| versions(before).max());
    let all = replicas(text, app.name);
    let is_new = |replica: &&Replica<'_>| old.is_none_or(|old| replica.version > old);
    let new: Vec<&Replica<'_>> = all.iter().filter(is_new).collect();
    let says = joined(new.iter().map(|replica| replica.text()));
    if new.iter().any(|replica| replica.is("READY")) {
        return Ok(Status::Ready(says));
    }
    let is_failed = matches!(
        service,
        "CONTROLLER_FAILED" | "FAILED_CLEANUP" | "SHUTTING_DOWN"
    );
    let all_failed = !new.is_empty() && new.iter().all(|replica| replica.has_failed());
    let keeps_a_replica = app
        .state
        .effective_scaling()
        .number_or_default(Key::MinConcurrency)
        > 0;
    Ok(if is_failed || all_failed {
        Status::Failed(joined([format!("service: {service}"), says]))
    } else if service == "NO_REPLICA" && !keeps_a_replica {
        Status::Ready(STARTS_ON_REQUEST.into())
    } else {
        Status::Starting(joined([format!("service: {service}"), says]))
    })
}

/// The id of the replica whose logs are of most use: the newest one.
pub(super) fn newest_replica<'t>(text: &'t str, service: &str) -> Option<&'t str> {
    let replicas = replicas(text, service);
    let number = |replica: &Replica<'_>| replica.id.parse::<u32>().unwrap_or_default();
    let newest = replicas.into_iter().max_by_key(number);
    newest.map(|replica| replica.id)
}

/// Whether arguments of `sky serve logs` say whose logs are shown.
pub(super) fn choose_logs(args: &[String]) -> bool {
    let is_id = |arg: &str| !arg.is_empty() && arg.bytes().all(|byte| byte.is_ascii_digit());
    let is_value = |i: usize| i > 0 && args[i - 1] == "--tail";
    let chooses = |(i, arg): (usize, &String)| {
        let is_source = matches!(
            &**arg,
            "--controller" | "--load-balancer" | "--sync-down" | "-s"
        );
        is_source || (is_id(arg) && !is_value(i))
    };
    args.iter().enumerate().any(chooses)
}

fn service_status<'t>(text: &'t str, service: &str) -> Result<&'t str, String> {
    let rows = rows(text, "NAME");
    let mut of_service = rows.iter().filter(|row| row.cell("NAME") == Some(service));
    let row = of_service.next();
    let status = row.and_then(|row| row.cell("STATUS"));
    status.ok_or_else(|| format!("there is no service `{service}`"))
}

fn replicas<'t>(text: &'t str, service: &str) -> Vec<Replica<'t>> {
    let rows = rows(text, "SERVICE_NAME").into_iter();
    let of_service = rows.filter(|row| row.cell("SERVICE_NAME") == Some(service));
    let replicas = of_service.filter_map(|row| {
        Some(Replica {
            id: row.cell("ID")?,
            version: row.cell("VERSION")?.parse().ok()?,
            status: row.cell("STATUS")?,
        })
    });
    replicas.collect()
}

/// A row of a table, with the table's heads.
struct Row<'t> {
    heads: &'t str,
    line: &'t str,
}

impl<'t> Row<'t> {
    /// What stands below a head. Cells have spaces in them, so a cell ends where the next head
    /// begins.
    fn cell(&self, head: &str) -> Option<&'t str> {
        let mut start = 0;
        for name in self
            .heads
            .split("  ")
            .filter(|name| !name.trim().is_empty())
        {
            start += self.heads[start..].find(name.trim())?;
            let name = name.trim();
            if name == head {
                let rest = &self.heads[start + name.len()..];
                let next = rest.find(|c: char| c != ' ');
                let end = next.map(|next| start + name.len() + next);
                return Some(columns(self.line, start, end)?.trim());
            }
            start += name.len();
        }
        None
    }
}

/// The characters from one column of a line to another.
fn columns(line: &str, start: usize, end: Option<usize>) -> Option<&str> {
    let byte = |column| line.char_indices().nth(column).map(|(byte, _)| byte);
    let end = end.and_then(byte).unwrap_or(line.len());
    line.get(byte(start)?..end)
}

/// The rows of the table whose first head is this.
fn rows<'t>(text: &'t str, first_head: &str) -> Vec<Row<'t>> {
    let mut lines = text.lines();
    let is_heads = |line: &&str| line.split("  ").next() == Some(first_head);
    let Some(heads) = lines.find(is_heads) else {
        return Vec::new();
    };
    let rows = lines.take_while(|line| !line.trim().is_empty());
    rows.map(|line| Row { heads, line }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::deployed::AppState;

    /// What the tool prints, version 0.14.1: its own function made these tables. Without
    /// the spaces at the ends of lines.
    const UPDATED: &str = "\
Services
NAME  VERSION  UPTIME     STATUS  REPLICAS  ENDPOINT
llm   1        1h 1m 40s  READY   1/2       http://1.2.3.4:30001

Service Replicas
SERVICE_NAME  ID  VERSION  ENDPOINT              LAUNCHED   INFRA            RESOURCES             STATUS
llm           1   1        http://10.0.0.1:8080  1 min ago  AWS (us-east-1)  1x(gpus=H100:2, ...)  READY
llm           2   2        -                     1 min ago  AWS (us-east-1)  1x(gpus=H100:2, ...)  STARTING
";
    const FAILED: &str = "\
Services
NAME  VERSION  UPTIME     STATUS  REPLICAS  ENDPOINT
llm   -        1h 1m 40s  FAILED  0/0       http://1.2.3.4:30001

Service Replicas
SERVICE_NAME  ID  VERSION  ENDPOINT  LAUNCHED   INFRA            RESOURCES             STATUS
llm           3   2        -         1 min ago  AWS (us-east-1)  1x(gpus=H100:2, ...)  FAILED_PROBING
";
    const QUEUED: &str = "\
Services
NAME  VERSION  UPTIME     STATUS        REPLICAS  ENDPOINT
llm   -        1h 1m 40s  REPLICA_INIT  0/1       -

Service Replicas
SERVICE_NAME  ID  VERSION  ENDPOINT  LAUNCHED   INFRA            RESOURCES             STATUS
llm           3   2        -         1 min ago  AWS (us-east-1)  1x(gpus=H100:2, ...)  PROVISIONING (waiting for queue admission)
";
    const EMPTY: &str = "\
Services
NAME  VERSION  UPTIME     STATUS      REPLICAS  ENDPOINT
llm   -        1h 1m 40s  NO_REPLICA  0/0       http://1.2.3.4:30001

Service Replicas
No existing replicas.
";
    const MISSING: &str = "Services\nNo existing services.\nService 'llm' not found.\n";

    fn status(text: &str, before: Option<&str>, min_concurrency: u32) -> Result<Status, String> {
        let state = json!({"code": {}, "scaling": {"min_concurrency": min_concurrency}});
        let state: AppState = serde_json::from_value(state).unwrap();
        let app = AwaitedApp {
            name: "llm",
            state: &state,
            before,
        };
        read(text, app)
    }

    #[test]
    fn a_replica_of_the_version_before_does_not_count() {
        let before = UPDATED.lines().take(7).collect::<Vec<_>>().join("\n");
        let says = "service: READY; replica 2: STARTING".to_owned();
        assert_eq!(
            status(UPDATED, Some(&before), 1),
            Ok(Status::Starting(says))
        );
        let ready = UPDATED.replace("STARTING", "READY   ");
        let says = "replica 2: READY".to_owned();
        assert_eq!(status(&ready, Some(&before), 1), Ok(Status::Ready(says)));
        assert!(matches!(status(&before, None, 1), Ok(Status::Ready(_))));
        assert!(matches!(
            status(&before, Some(&before), 1),
            Ok(Status::Starting(_))
        ));
    }

    #[test]
    fn the_status_of_replicas_says_why() {
        let says = "service: FAILED; replica 3: FAILED_PROBING".to_owned();
        assert_eq!(status(FAILED, None, 1), Ok(Status::Failed(says)));
        let says = "service: REPLICA_INIT; replica 3: PROVISIONING (waiting for queue admission)";
        assert_eq!(status(QUEUED, None, 1), Ok(Status::Starting(says.into())));
    }

    #[test]
    fn a_service_without_replicas_may_be_ready() {
        let ready = Status::Ready(STARTS_ON_REQUEST.into());
        assert_eq!(status(EMPTY, None, 0), Ok(ready));
        assert!(matches!(status(EMPTY, None, 1), Ok(Status::Starting(_))));
        assert!(
            status(MISSING, None, 0)
                .unwrap_err()
                .contains("no service `llm`")
        );
    }

    #[test]
    fn a_replica_or_the_controller_may_be_chosen() {
        for (args, expected) in [
            ("3", true),
            ("--controller --no-follow", true),
            ("--tail 100", false),
            ("--no-follow", false),
        ] {
            let args: Vec<String> = args.split(' ').map(str::to_owned).collect();
            assert_eq!(choose_logs(&args), expected, "{args:?}");
        }
    }

    #[test]
    fn the_newest_replica_is_found() {
        assert_eq!(newest_replica(UPDATED, "llm"), Some("2"));
        assert_eq!(newest_replica(EMPTY, "llm"), None);
    }
}
