use core::ops::RangeInclusive;

use crate::servers::{Error, RedisServer};

const SLOTS: usize = 16_384;

/// The cluster as one node sees it.
#[derive(Debug)]
pub(crate) struct View(Vec<Node>);

/// A line of `CLUSTER NODES`.
#[derive(Debug)]
pub(crate) struct Node {
    id: String,
    pub(crate) port: u16,
    flags: Vec<String>,
    primary: String,
    /// How new its claim of its slots is.
    pub(crate) epoch: u64,
    slots: Vec<RangeInclusive<u16>>,
}

impl View {
    pub(crate) fn of(server: &RedisServer) -> Result<Self, Error> {
        let answer = server.cli(&["CLUSTER", "NODES"])?;
        let nodes: Option<Vec<Node>> = answer.lines().map(Node::parse).collect();
        nodes.map(Self).ok_or(Error::Command {
            command: "CLUSTER NODES".to_owned(),
            answer,
        })
    }

    /// The primary of `slot`.
    pub(crate) fn owner(&self, slot: u16) -> Option<&Node> {
        self.primaries().find(|node| node.owns(slot))
    }

    /// Claims that the node whose view this is is a primary.
    pub(crate) fn is_of_primary(&self) -> bool {
        self.myself().is_some_and(|node| node.has("master"))
    }

    /// The replicas of the node whose view this is.
    pub(crate) fn replicas_of_myself(&self) -> impl Iterator<Item = &Node> {
        let id = self.myself().map(|node| node.id.as_str());
        self.0
            .iter()
            .filter(move |node| Some(node.primary.as_str()) == id)
    }

    /// Claims that it knows all `nodes`, and of every slot one of `primaries` that is up.
    pub(crate) fn is_complete(
        &self,
        nodes: usize,
        primaries: usize,
        is_up: impl Fn(&Node) -> bool,
    ) -> bool {
        let mut owners = self.primaries().filter(|node| !node.slots.is_empty());
        self.0.len() == nodes
            && self.0.iter().all(|node| node.is_settled(is_up(node)))
            && self.slots() == SLOTS
            && owners.clone().count() == primaries
            && owners.all(is_up)
    }

    fn myself(&self) -> Option<&Node> {
        self.0.iter().find(|node| node.has("myself"))
    }

    fn primaries(&self) -> impl Clone + Iterator<Item = &Node> {
        self.0.iter().filter(|node| node.has("master"))
    }

    fn slots(&self) -> usize {
        let ranges = self.primaries().flat_map(|node| &node.slots);
        ranges.map(|range| range.clone().count()).sum()
    }
}

impl Node {
    /// `id ip:port@bus flags primary ping pong epoch link slots…`
    fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (_, address) = fields.get(1)?.rsplit_once(':')?;
        Some(Self {
            id: (*fields.first()?).to_owned(),
            port: address.split_once('@')?.0.parse().ok()?,
            flags: fields.get(2)?.split(',').map(str::to_owned).collect(),
            primary: (*fields.get(3)?).to_owned(),
            epoch: fields.get(6)?.parse().ok()?,
            slots: fields
                .get(8..)?
                .iter()
                .filter_map(|range| slots(range))
                .collect(),
        })
    }

    fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|own| own == flag)
    }

    fn owns(&self, slot: u16) -> bool {
        self.slots.iter().any(|range| range.contains(&slot))
    }

    /// Claims that it has its part in the cluster, unless it is down: slots or a primary.
    fn is_settled(&self, is_up: bool) -> bool {
        let is_doubted = ["handshake", "fail", "fail?"]
            .iter()
            .any(|flag| self.has(flag));
        let has_part = !self.slots.is_empty() || self.has("slave");
        !is_up || (has_part && !is_doubted)
    }
}

/// `first-last` or `slot`; `None` for a slot on the move, `[slot->-id]`.
fn slots(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some(first.parse().ok()?..=last.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_slots_of_a_node_but_not_those_on_the_move() {
        let line = "f00 127.0.0.1:11001@21001 myself,master - 0 1426238317239 7 connected \
                    0-5460 5500 [93->-292f8b]";
        let node = Node::parse(line).expect("it is a node");
        assert_eq!((node.port, node.epoch), (11001, 7));
        assert!(node.has("myself") && node.has("master"));
        assert_eq!(node.slots, [0..=5460, 5500..=5500]);
    }

    #[test]
    fn reads_a_replica() {
        let line = "f00 127.0.0.1:11001@21001,host slave f01 0 1426238317239 7 connected";
        let node = Node::parse(line).expect("it is a node");
        assert_eq!(node.primary, "f01");
        assert!(node.slots.is_empty());
    }
}
