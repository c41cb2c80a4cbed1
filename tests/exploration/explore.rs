//! The tree of sequences.

use amqp_proto::Side;

use crate::states::State;
use crate::steps::{Letter, Step, connection};
use crate::world::{Before, World};

/// Walks all sequences from one state. When an invariant breaks it tells the state and the sequence.
pub(crate) struct Explorer {
    side: Side,
    state: &'static str,
    letters: Vec<Letter>,
    /// The sequence, and what led to the state.
    path: Vec<Step>,
    finished: bool,
    sequences: usize,
}

impl Explorer {
    pub(crate) fn new(side: Side, alphabet: &[Step], state: &'static str) -> Self {
        let letters = alphabet.iter().map(|step| Letter::new(*step, side)).collect();
        Self { side, state, letters, path: Vec::new(), finished: false, sequences: 0 }
    }

    /// The state, reached by steps that are checked like all others.
    pub(crate) fn reach(&mut self, state: &State) -> World {
        let mut world = World::new(connection(self.side));
        for step in &state.steps {
            self.path.push(*step);
            let start = world.clone();
            world.step(&Letter::new(*step, self.side), &Before::new(&start));
        }
        assert!((state.holds)(&world), "the state isn't what it is called");
        self.path.clear();
        world
    }

    /// All sequences of `depth` steps.
    pub(crate) fn explore(&mut self, start: &World, depth: u32) {
        if start.is_inert() {
            start.clone().end();
            return self.explore_inert(&mut start.clone(), depth);
        }
        let before = Before::new(start);
        for place in 0..self.letters.len() {
            self.path.push(self.letters[place].step);
            let mut world = start.clone();
            world.step(&self.letters[place], &before);
            if depth > 1 {
                self.explore(&world, depth - 1);
            } else {
                world.end();
                self.sequences += 1;
            }
            self.path.pop();
        }
    }

    /// The same where nothing changes any more: one clone does for all.
    fn explore_inert(&mut self, world: &mut World, depth: u32) {
        for place in 0..self.letters.len() {
            self.path.push(self.letters[place].step);
            world.step_inert(&self.letters[place]);
            if depth > 1 {
                self.explore_inert(world, depth - 1);
            } else {
                self.sequences += 1;
            }
            self.path.pop();
        }
    }

    /// All sequences are walked: how many they were.
    pub(crate) fn finish(&mut self) -> usize {
        self.finished = true;
        self.sequences
    }
}

impl Drop for Explorer {
    fn drop(&mut self) {
        if !self.finished {
            println!("broken by {:?}, {}: {:?}", self.side, self.state, self.path);
        }
    }
}
