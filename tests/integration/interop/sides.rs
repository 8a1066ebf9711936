use std::thread::{self, ScopedJoinHandle};

use serde_json::{Value, json};

use super::ours::Ours;
use super::python::Python;
use super::side::{Hits, Side, Window};

/// Our side and all of Python's, on the same servers.
pub(super) struct Sides {
    pub(super) ours: Ours,
    pub(super) python: Vec<Python>,
}

impl Sides {
    pub(super) fn start(uri: &str) -> Self {
        Self::start_with(uri, &json!({}))
    }

    /// Starts with options of Python's storages, of which `key_prefix` is ours too.
    pub(super) fn start_with(uri: &str, options: &Value) -> Self {
        let own = options["key_prefix"].as_str();
        let own = own.map_or_else(String::new, |prefix| format!("&key_prefix={prefix}"));
        Self::of(Python::clients(uri), uri, options, &own)
    }

    /// Starts with some of Python's clients, and query parameters of our URI alone.
    pub(super) fn of(clients: &[&'static str], uri: &str, options: &Value, own: &str) -> Self {
        let python = clients
            .iter()
            .map(|client| Python::start(client, uri, options));
        let python: Vec<Python> = python.collect();
        let ours = Ours::connect(uri, own);
        for side in &python {
            side.wait_until_ready();
        }
        Self { ours, python }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &dyn Side> {
        let python = self.python.iter().map(|side| side as &dyn Side);
        python.chain([&self.ours as &dyn Side])
    }

    /// Each of Python's sides with ours, and ours with each of Python's.
    pub(super) fn pairs(&self) -> impl Iterator<Item = [&dyn Side; 2]> {
        let ours = &self.ours as &dyn Side;
        let python = self.python.iter().map(|side| side as &dyn Side);
        python.flat_map(move |side| [[side, ours], [ours, side]])
    }

    /// Lets all sides make these hits at once, on an untouched window, and tells the units that
    /// each was admitted, ours last.
    pub(super) fn hit_all(&self, window: Window, hits: &Hits) -> Vec<u64> {
        self.load_script(window);
        thread::scope(|scope| {
            let sides = self.all();
            let runs = sides.map(|side| scope.spawn(move || side.hit_all(window, hits)));
            let runs: Vec<_> = runs.collect();
            let join = |run: ScopedJoinHandle<'_, u64>| run.join();
            let admitted: Result<_, _> = runs.into_iter().map(join).collect();
            admitted.expect("a side says why it failed")
        })
    }

    /// Makes Python's script known to the server: when it is not, coredis 5.7.0 closes the
    /// connection, and makes the other hits under way on it once more, whether they ran or not.
    fn load_script(&self, window: Window) {
        let python = &self.python[0];
        assert!(python.hit(window, 1), "{python}: {window:?}");
        python.clear(window);
    }
}
