//! The members of the bus that an environment has.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::bus::node::Node;

/// Members by the numbers that JS gave them.
#[derive(Default)]
pub struct Members(Mutex<Table>);

#[derive(Default)]
struct Table {
    /// None while it is being made.
    nodes: HashMap<u32, Option<Arc<Node>>>,
    touched: Vec<u32>,
}

impl Members {
    /// A member is being made.
    pub fn expect(&self, number: u32) {
        self.0.lock().nodes.insert(number, None);
    }

    /// Keeps a member; gives it back if JS wants it no more.
    pub fn keep(&self, number: u32, node: Arc<Node>) -> Option<Arc<Node>> {
        match self.0.lock().nodes.get_mut(&number) {
            Some(expected) => {
                *expected = Some(node);
                None
            }
            None => Some(node),
        }
    }

    /// A member that is there.
    pub fn get(&self, number: u32) -> Option<Arc<Node>> {
        self.0.lock().nodes.get(&number).cloned().flatten()
    }

    /// A member has something to carry out at the end of the batch.
    pub fn touch(&self, number: u32) {
        let touched = &mut self.0.lock().touched;
        if !touched.contains(&number) {
            touched.push(number);
        }
    }

    /// Those that were touched since the last time.
    pub fn take_touched(&self) -> Vec<u32> {
        std::mem::take(&mut self.0.lock().touched)
    }

    /// Forgets a member that has left.
    pub fn forget(&self, number: u32) {
        self.0.lock().nodes.remove(&number);
    }

    /// Ends all at once.
    pub fn abandon(&self) {
        let nodes = std::mem::take(&mut self.0.lock().nodes);
        for node in nodes.into_values().flatten() {
            node.abandon();
        }
    }
}
