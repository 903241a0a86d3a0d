//! The labels of nodes that a deployed service asks for: as they were sent, and as the settings have
//! them now.

use machinist_core::platform::NODE_LABEL;

use super::settings::KnativeSettings;
use crate::artifact::{Artifact, SentNodeLabels};
use crate::machines::{self, CustomMachine};
use crate::parameters::Parameters;

/// The labels of a deployed service. A setting that changed since is a change of the code, and the
/// service still has what was sent.
pub(super) struct NodeLabels<'a> {
    /// The labels that name the GPU of a node: the one that was sent, and the current one.
    gpu: [&'a str; 2],
    /// The machine types with their values of that label.
    machines: Vec<CustomMachine>,
}

impl<'a> NodeLabels<'a> {
    pub(super) fn new(
        known: &Parameters,
        custom: &[CustomMachine],
        sent: Option<&'a Artifact>,
        settings: &'a KnativeSettings,
    ) -> Self {
        let now = (gpu_label(settings), &settings.node_labels);
        let sent = sent.map_or(now, |sent| {
            let gpu = sent.gpu_label.as_deref().unwrap_or(NODE_LABEL);
            (gpu, &sent.node_labels)
        });
        let with = |labels: &'a SentNodeLabels| {
            let named = machines::named_in(known, custom).into_iter();
            let all = named.chain(machines::all());
            all.map(move |machine| labelled(machine, labels))
        };
        Self {
            gpu: [sent.0, now.0],
            machines: with(sent.1).chain(with(now.1)).collect(),
        }
    }

    /// The labels that name the GPU of a node, in the order in which they are looked for.
    pub(super) fn gpu(&self) -> &[&'a str] {
        &self.gpu
    }

    /// The machine type whose nodes have this value of the label.
    pub(super) fn machine_type<'s>(&'s self, value: &'s str) -> &'s str {
        let has_value = |machine: &&CustomMachine| {
            let mut values = machine.node_labels.iter();
            values.any(|known| known == value)
        };
        let machine = self.machines.iter().find(has_value);
        machine.map_or(value, |machine| &machine.name)
    }
}

/// A machine type with its node labels among these, if there are any.
pub(super) fn labelled(mut machine: CustomMachine, labels: &SentNodeLabels) -> CustomMachine {
    if let Some(labels) = labels.get(&machine.name) {
        machine.node_labels.clone_from(labels);
    }
    machine
}

/// The label of nodes that names their GPU.
pub(super) fn gpu_label(settings: &KnativeSettings) -> &str {
    settings.gpu_label.as_deref().unwrap_or(NODE_LABEL)
}
