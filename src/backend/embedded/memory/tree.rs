//! A persistent ordered tree: a clone is one reference, and a change copies only the path to its leaf.
//!
//! A B+ tree of `Arc` nodes. Own code, because a snapshot per reader needs structural sharing and
//! the balanced binary trees that crates offer for it cost a cache miss or two on each of 17 levels
//! (100,000 items) where this has five, and four times the memory per entry. Nodes that nobody else
//! holds are changed in place, so a group of writes copies each node once.

use std::cmp::Ordering;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::backend::embedded::engine::Flow;

/// Entries of a node at most. A copied node counts every reference in it up, so wide nodes make
/// reads cheaper and writes dearer.
const WIDTH: usize = 16;
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
pub struct Tree<T: Item> {
    root: Arc<Node<T>>,
    len: usize,
}

enum Node<T: Item> {
    Leaf(Vec<T>),
    /// Children with a key not above their least item and above every item before them. The first
    /// child's key is never looked at: it takes everything below the second's.
    Branch(Vec<(T::Key, Arc<Node<T>>)>),
}

impl<T: Item> Clone for Tree<T> {
    fn clone(&self) -> Self {
        Self { root: self.root.clone(), len: self.len }
    }
}

impl<T: Item> Default for Tree<T> {
    fn default() -> Self {
        Self { root: Arc::new(Node::Leaf(Vec::new())), len: 0 }
    }
}

impl<T: Item> Clone for Node<T> {
    /// With room for one more, since nodes are copied to be changed.
    fn clone(&self) -> Self {
        fn roomy<U: Clone>(from: &[U]) -> Vec<U> {
            let mut to = Vec::with_capacity(from.len() + 1);
            to.extend_from_slice(from);
            to
        }
        match self {
            Node::Leaf(items) => Node::Leaf(roomy(items)),
            Node::Branch(children) => Node::Branch(roomy(children)),
        }
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
fn child_of<T: Item>(children: &[(T::Key, Arc<Node<T>>)], probe: &impl Probe<T>) -> usize {
    children[1..].partition_point(|(key, _)| probe.key(key) != Ordering::Greater)
}

impl<T: Item> Tree<T> {
    /// Number of items.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The item at the place.
    pub fn get(&self, probe: &impl Probe<T>) -> Option<&T> {
        let mut node = &*self.root;
        loop {
            match node {
                Node::Branch(children) => node = &children[child_of(children, probe)].1,
                Node::Leaf(items) => {
                    let index = items.binary_search_by(|item| probe.item(item)).ok()?;
                    return Some(&items[index]);
                }
            }
        }
    }

    /// The item at the place, to change what does not belong to its key.
    pub fn get_mut(&mut self, probe: &impl Probe<T>) -> Option<&mut T> {
        self.get(probe)?;
        let mut node = Arc::make_mut(&mut self.root);
        loop {
            match node {
                Node::Branch(children) => {
                    let index = child_of(children, probe);
                    node = Arc::make_mut(&mut children[index].1);
                }
                Node::Leaf(items) => {
                    let index = items.binary_search_by(|item| probe.item(item)).ok()?;
                    return Some(&mut items[index]);
                }
            }
        }
    }

    /// Puts `item` at its place, `probe`, and returns what was there.
    pub fn insert(&mut self, probe: &impl Probe<T>, item: T) -> Option<T> {
        let (replaced, split) = insert(Arc::make_mut(&mut self.root), probe, item);
        if let Some((key, right)) = split {
            let left = self.root.clone();
            self.root = Arc::new(Node::Branch(vec![(key.clone(), left), (key, right)]));
        }
        self.len += usize::from(replaced.is_none());
        replaced
    }

    /// Removes and returns the item at the place.
    pub fn remove(&mut self, probe: &impl Probe<T>) -> Option<T> {
        self.get(probe)?;
        let removed = remove(Arc::make_mut(&mut self.root), probe)?;
        self.len -= 1;
        while let Node::Branch(children) = &*self.root {
            if children.len() > 1 {
                break;
            }
            let child = children.first().map(|(_, child)| child.clone());
            self.root = child.unwrap_or_else(|| Arc::new(Node::Leaf(Vec::new())));
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

type Split<T> = Option<(<T as Item>::Key, Arc<Node<T>>)>;

fn insert<T: Item>(node: &mut Node<T>, probe: &impl Probe<T>, item: T) -> (Option<T>, Split<T>) {
    match node {
        Node::Leaf(items) => {
            let index = match items.binary_search_by(|item| probe.item(item)) {
                Ok(index) => return (Some(std::mem::replace(&mut items[index], item)), None),
                Err(index) => index,
            };
            items.insert(index, item);
            if items.len() <= WIDTH {
                return (None, None);
            }
            // Times are appended: a full last leaf stays full instead of being halved.
            let at = if index + 1 == items.len() { WIDTH } else { WIDTH / 2 };
            let right = items.split_off(at);
            (None, Some((right[0].key(), Arc::new(Node::Leaf(right)))))
        }
        Node::Branch(children) => {
            let index = child_of(children, probe);
            let (replaced, split) = insert(Arc::make_mut(&mut children[index].1), probe, item);
            let Some(split) = split else { return (replaced, None) };
            children.insert(index + 1, split);
            if children.len() <= WIDTH {
                return (replaced, None);
            }
            let at = if index + 2 == children.len() { WIDTH } else { WIDTH / 2 };
            let right = children.split_off(at);
            let key = right[0].0.clone();
            (replaced, Some((key, Arc::new(Node::Branch(right)))))
        }
    }
}

fn remove<T: Item>(node: &mut Node<T>, probe: &impl Probe<T>) -> Option<T> {
    match node {
        Node::Leaf(items) => {
            let index = items.binary_search_by(|item| probe.item(item)).ok()?;
            Some(items.remove(index))
        }
        Node::Branch(children) => {
            let index = child_of(children, probe);
            let removed = remove(Arc::make_mut(&mut children[index].1), probe)?;
            match children[index].1.len() {
                0 => {
                    children.remove(index);
                }
                1..NARROW => join(children, index),
                _ => {}
            }
            Some(removed)
        }
    }
}

/// Joins the child at `index` with a neighbour if both fit into three quarters of a node.
fn join<T: Item>(children: &mut Vec<(T::Key, Arc<Node<T>>)>, index: usize) {
    let fits = |left: usize| {
        children.get(left + 1).is_some_and(|right| children[left].1.len() + right.1.len() <= WIDTH / 4 * 3)
    };
    let left = match index.checked_sub(1) {
        Some(left) if fits(left) => left,
        _ if fits(index) => index,
        _ => return,
    };
    let (key, right) = children.remove(left + 1);
    let right = Arc::try_unwrap(right).unwrap_or_else(|shared| (*shared).clone());
    match (Arc::make_mut(&mut children[left].1), right) {
        (Node::Leaf(to), Node::Leaf(from)) => to.extend(from),
        (Node::Branch(to), Node::Branch(mut from)) => {
            // A first child's key means nothing; its parent's key for the node is a true bound.
            if let Some(first) = from.first_mut() {
                first.0 = key;
            }
            to.extend(from);
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
            let start = from.map_or(0, |from| items.partition_point(|item| from.item(item).is_lt()));
            items[start..].iter().try_for_each(visit)
        }
        Node::Branch(children) => {
            let start = from.map_or(0, |from| child_of(children, from));
            ascend(&children[start].1, from, visit)?;
            for (_, child) in &children[start + 1..] {
                ascend(child, None::<&NoProbe>, visit)?;
            }
            ControlFlow::Continue(())
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
            let end = from.map_or(items.len(), |from| items.partition_point(|item| from.item(item).is_le()));
            items[..end].iter().rev().try_for_each(visit)
        }
        Node::Branch(children) => {
            let last = from.map_or(children.len() - 1, |from| child_of(children, from));
            descend(&children[last].1, from, visit)?;
            for (_, child) in children[..last].iter().rev() {
                descend(child, None::<&NoProbe>, visit)?;
            }
            ControlFlow::Continue(())
        }
    }
}

/// The type of "no place".
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
