//! A persistent ordered tree: a clone is one reference, and a change copies only the path to its leaf.
//!
//! A B+ tree of `Arc` nodes. Own code, because a snapshot per reader needs structural sharing and
//! the balanced binary trees that crates offer for it cost a cache miss or two on each of 17 levels
//! (100,000 items) where this has five, and several times the memory per entry. Nodes that nobody
//! else holds are changed in place, so a group of writes copies each node once.

use std::cmp::Ordering;
use std::sync::Arc;

use super::slots::{Slots, WIDTH};
use crate::backend::embedded::engine::Flow;

/// A node that shrinks below this joins a neighbour, if both fit into one with room to spare.
const NARROW: usize = WIDTH / 4;

/// What a tree holds.
pub trait Item: Clone {
    /// What branches remember of an item to find the way; must not keep the item itself alive.
    type Key: Clone;
    /// The item's key.
    fn key(&self) -> Self::Key;
}

/// A place in the order of a tree.
pub trait Probe<T: Item> {
    /// How the item compares to this place.
    fn item(&self, item: &T) -> Ordering;
    /// How the key of an item compares to this place.
    fn key(&self, key: &T::Key) -> Ordering;
}

/// The tree.
#[derive(Clone)]
pub struct Tree<T: Item> {
    root: Node<T>,
    len: usize,
}

#[derive(Clone)]
enum Node<T: Item> {
    Leaf(Arc<Slots<T>>),
    Branch(Arc<Slots<Child<T>>>),
}

/// A node and a key not above its least item and above every item before it. The first child's key
/// is never looked at: that child takes everything below the second's.
type Child<T> = (<T as Item>::Key, Node<T>);

impl<T: Item> Default for Tree<T> {
    fn default() -> Self {
        Self { root: Node::Leaf(Arc::default()), len: 0 }
    }
}

impl<T: Item> Node<T> {
    fn len(&self) -> usize {
        match self {
            Node::Leaf(items) => items.len(),
            Node::Branch(children) => children.len(),
        }
    }
}

/// The child that holds the place, or would.
fn child_of<T: Item>(children: &Slots<Child<T>>, probe: &impl Probe<T>) -> usize {
    children.partition_point(1, |(key, _)| probe.key(key).is_le()) - 1
}

/// Where the place is in a leaf, or would be.
fn place_of<T: Item>(items: &Slots<T>, probe: &impl Probe<T>) -> Result<usize, usize> {
    let index = items.partition_point(0, |item| probe.item(item).is_lt());
    if index < items.len() && probe.item(items.at(index)).is_eq() { Ok(index) } else { Err(index) }
}

impl<T: Item> Tree<T> {
    /// Number of items.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The item at the place.
    pub fn get(&self, probe: &impl Probe<T>) -> Option<&T> {
        let mut node = &self.root;
        loop {
            match node {
                Node::Branch(children) => node = &children.at(child_of(children, probe)).1,
                Node::Leaf(items) => return place_of(items, probe).ok().map(|index| items.at(index)),
            }
        }
    }

    /// The item at the place, to change what does not belong to its key.
    pub fn get_mut(&mut self, probe: &impl Probe<T>) -> Option<&mut T> {
        self.get(probe)?;
        let mut node = &mut self.root;
        loop {
            match node {
                Node::Branch(children) => {
                    let index = child_of(children, probe);
                    node = &mut Arc::make_mut(children).at_mut(index).1;
                }
                Node::Leaf(items) => {
                    let index = place_of(items, probe).ok()?;
                    return Some(Arc::make_mut(items).at_mut(index));
                }
            }
        }
    }

    /// Puts `item` at its place, `probe`, and returns what was there.
    pub fn insert(&mut self, probe: &impl Probe<T>, item: T) -> Option<T> {
        let (replaced, split) = insert(&mut self.root, probe, item);
        if let Some((key, right)) = split {
            let mut children = Slots::default();
            children.insert(0, (key.clone(), self.root.clone()));
            children.insert(1, (key, right));
            self.root = Node::Branch(Arc::new(children));
        }
        self.len += usize::from(replaced.is_none());
        replaced
    }

    /// Removes and returns the item at the place.
    pub fn remove(&mut self, probe: &impl Probe<T>) -> Option<T> {
        self.get(probe)?;
        let removed = remove(&mut self.root, probe)?;
        self.len -= 1;
        while let Node::Branch(children) = &self.root {
            let only = match children.len() {
                0 => Node::Leaf(Arc::default()),
                1 => children.at(0).1.clone(),
                _ => break,
            };
            self.root = only;
        }
        Some(removed)
    }

    /// Visits items upwards from the first that is not below `from` (`None` = the first).
    pub fn ascend<'a>(&'a self, from: Option<&impl Probe<T>>, visit: &mut dyn FnMut(&'a T) -> Flow) -> Flow {
        ascend(&self.root, from, visit)
    }

    /// Visits items downwards from the last that is not above `from` (`None` = the last).
    pub fn descend<'a>(&'a self, from: Option<&impl Probe<T>>, visit: &mut dyn FnMut(&'a T) -> Flow) -> Flow {
        descend(&self.root, from, visit)
    }
}

fn insert<T: Item>(node: &mut Node<T>, probe: &impl Probe<T>, item: T) -> (Option<T>, Option<Child<T>>) {
    match node {
        Node::Leaf(items) => {
            let place = place_of(items, probe);
            let items = Arc::make_mut(items);
            match place {
                Ok(index) => (Some(std::mem::replace(items.at_mut(index), item)), None),
                Err(index) => {
                    let split = items.insert_or_split(index, item);
                    (None, split.map(|right| (right.at(0).key(), Node::Leaf(Arc::new(right)))))
                }
            }
        }
        Node::Branch(children) => {
            let index = child_of(children, probe);
            let children = Arc::make_mut(children);
            let (replaced, split) = insert(&mut children.at_mut(index).1, probe, item);
            let split = split.and_then(|split| children.insert_or_split(index + 1, split));
            (replaced, split.map(|right| (right.at(0).0.clone(), Node::Branch(Arc::new(right)))))
        }
    }
}

fn remove<T: Item>(node: &mut Node<T>, probe: &impl Probe<T>) -> Option<T> {
    match node {
        Node::Leaf(items) => {
            let index = place_of(items, probe).ok()?;
            Some(Arc::make_mut(items).remove(index))
        }
        Node::Branch(children) => {
            let index = child_of(children, probe);
            let children = Arc::make_mut(children);
            let removed = remove(&mut children.at_mut(index).1, probe)?;
            match children.at(index).1.len() {
                0 => drop(children.remove(index)),
                1..NARROW => join(children, index),
                _ => {}
            }
            Some(removed)
        }
    }
}

/// Joins the child at `index` with a neighbour if both fit into three quarters of a node.
fn join<T: Item>(children: &mut Slots<Child<T>>, index: usize) {
    let fits = |left: usize| {
        left + 1 < children.len()
            && children.at(left).1.len() + children.at(left + 1).1.len() <= WIDTH / 4 * 3
    };
    let left = match index.checked_sub(1) {
        Some(left) if fits(left) => left,
        _ if fits(index) => index,
        _ => return,
    };
    let (key, right) = children.remove(left + 1);
    match (&mut children.at_mut(left).1, right) {
        (Node::Leaf(to), Node::Leaf(from)) => Arc::make_mut(to).append(Arc::unwrap_or_clone(from)),
        (Node::Branch(to), Node::Branch(from)) => {
            // A first child's key means nothing; its parent's key for the node is a true bound.
            let mut from = Arc::unwrap_or_clone(from);
            from.at_mut(0).0 = key;
            Arc::make_mut(to).append(from);
        }
        _ => unreachable!("all leaves are at one depth"),
    }
}

fn ascend<'a, T: Item>(
    node: &'a Node<T>,
    from: Option<&impl Probe<T>>,
    visit: &mut dyn FnMut(&'a T) -> Flow,
) -> Flow {
    match node {
        Node::Leaf(items) => {
            let start = from.map_or(0, |from| items.partition_point(0, |item| from.item(item).is_lt()));
            (start..items.len()).try_for_each(|index| visit(items.at(index)))
        }
        Node::Branch(children) => {
            let start = from.map_or(0, |from| child_of(children, from));
            ascend(&children.at(start).1, from, visit)?;
            (start + 1..children.len()).try_for_each(|index| ascend(&children.at(index).1, NOWHERE, visit))
        }
    }
}

fn descend<'a, T: Item>(
    node: &'a Node<T>,
    from: Option<&impl Probe<T>>,
    visit: &mut dyn FnMut(&'a T) -> Flow,
) -> Flow {
    match node {
        Node::Leaf(items) => {
            let end =
                from.map_or(items.len(), |from| items.partition_point(0, |item| from.item(item).is_le()));
            (0..end).rev().try_for_each(|index| visit(items.at(index)))
        }
        Node::Branch(children) => {
            let last = from.map_or(children.len() - 1, |from| child_of(children, from));
            descend(&children.at(last).1, from, visit)?;
            (0..last).rev().try_for_each(|index| descend(&children.at(index).1, NOWHERE, visit))
        }
    }
}

/// No place: a walk from the end.
const NOWHERE: Option<&NoProbe> = None;

enum NoProbe {}

impl<T: Item> Probe<T> for NoProbe {
    fn item(&self, _: &T) -> Ordering {
        match *self {}
    }
    fn key(&self, _: &T::Key) -> Ordering {
        match *self {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::ops::ControlFlow;

    #[derive(Clone, Debug, PartialEq)]
    struct Pair(u16, u32);

    impl Item for Pair {
        type Key = u16;
        fn key(&self) -> u16 {
            self.0
        }
    }

    impl Probe<Pair> for u16 {
        fn item(&self, item: &Pair) -> Ordering {
            item.0.cmp(self)
        }
        fn key(&self, key: &u16) -> Ordering {
            key.cmp(self)
        }
    }

    fn upwards(tree: &Tree<Pair>, from: Option<u16>) -> Vec<Pair> {
        let mut seen = Vec::new();
        let _ = tree.ascend(from.as_ref(), &mut |item| {
            seen.push(item.clone());
            ControlFlow::Continue(())
        });
        seen
    }

    fn downwards(tree: &Tree<Pair>, from: Option<u16>) -> Vec<Pair> {
        let mut seen = Vec::new();
        let _ = tree.descend(from.as_ref(), &mut |item| {
            seen.push(item.clone());
            ControlFlow::Continue(())
        });
        seen
    }

    fn check(tree: &Tree<Pair>, model: &BTreeMap<u16, u32>, from: u16) {
        let pairs = |range: Vec<(&u16, &u32)>| range.iter().map(|(k, v)| Pair(**k, **v)).collect::<Vec<_>>();
        assert_eq!(tree.len(), model.len());
        assert_eq!(upwards(tree, None), pairs(model.iter().collect()));
        assert_eq!(upwards(tree, Some(from)), pairs(model.range(from..).collect()));
        assert_eq!(downwards(tree, Some(from)), pairs(model.range(..=from).rev().collect()));
        assert_eq!(tree.get(&from).map(|pair| pair.1), model.get(&from).copied());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
        #[test]
        fn behaves_like_a_map_and_old_versions_stay(
            steps in proptest::collection::vec((0u16..600, 0u8..5), 0..1500),
            from in 0u16..600,
        ) {
            let (mut tree, mut model) = (Tree::default(), BTreeMap::new());
            let mut kept = Vec::new();
            for (index, (key, what)) in steps.into_iter().enumerate() {
                // Long runs of removals, so that nodes join.
                let remove = (index / 300) % 2 == 1 || what == 0;
                if remove {
                    let expected = model.remove(&key).map(|value| Pair(key, value));
                    prop_assert_eq!(tree.remove(&key), expected);
                } else {
                    let value = index as u32;
                    let expected = model.insert(key, value).map(|old| Pair(key, old));
                    prop_assert_eq!(tree.insert(&key, Pair(key, value)), expected);
                }
                if index % 200 == 0 {
                    kept.push((tree.clone(), model.clone()));
                }
            }
            kept.push((tree, model));
            for (tree, model) in &kept {
                check(tree, model, from);
            }
        }
    }

    #[test]
    fn appending_and_removing_everything() {
        let mut tree = Tree::default();
        for key in 0..5_000 {
            tree.insert(&key, Pair(key, 1));
        }
        assert_eq!(downwards(&tree, Some(1_234)).len(), 1_235);
        for key in (0..5_000).rev() {
            assert_eq!(tree.remove(&key), Some(Pair(key, 1)));
        }
        assert_eq!(tree.len(), 0);
        assert!(upwards(&tree, None).is_empty());
    }
}
