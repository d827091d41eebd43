//! The inside of a tree's node: up to `WIDTH` things in order, in place.

/// Entries of a node at most. A copied node counts every reference in it up, so wide nodes make
/// reads cheaper and writes dearer.
pub const WIDTH: usize = 16;

/// A short vector inside its node, so that a step down the tree is one cache miss and not two.
/// `Option` costs no room where the thing holds a reference.
#[derive(Clone)]
pub struct Slots<T> {
    len: usize,
    slots: [Option<T>; WIDTH],
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { len: 0, slots: [const { None }; WIDTH] }
    }
}

impl<T> Slots<T> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The thing at `index`, which must be below `len`.
    pub fn at(&self, index: usize) -> &T {
        self.slots[index].as_ref().expect("below len")
    }

    /// The thing at `index`, which must be below `len`.
    pub fn at_mut(&mut self, index: usize) -> &mut T {
        self.slots[index].as_mut().expect("below len")
    }

    /// The first index, from `from` on, whose thing is not `before`; things are sorted by that.
    pub fn partition_point(&self, from: usize, before: impl Fn(&T) -> bool) -> usize {
        let slots = &self.slots[from..self.len.max(from)];
        from + slots.partition_point(|slot| slot.as_ref().is_some_and(&before))
    }

    /// Inserts at `index`; there must be room.
    pub fn insert(&mut self, index: usize, thing: T) {
        self.len += 1;
        self.slots[index..self.len].rotate_right(1);
        self.slots[index] = Some(thing);
    }

    /// Inserts at `index`, or splits: the upper part is returned, never empty.
    ///
    /// Times are appended: a full last node stays full instead of being halved.
    pub fn insert_or_split(&mut self, index: usize, thing: T) -> Option<Self> {
        if self.len < WIDTH {
            self.insert(index, thing);
            return None;
        }
        let at = if index == WIDTH { WIDTH } else { WIDTH / 2 };
        let mut upper = Self::default();
        for (to, from) in upper.slots.iter_mut().zip(&mut self.slots[at..]) {
            *to = from.take();
        }
        upper.len = WIDTH - at;
        self.len = at;
        if index < at {
            self.insert(index, thing)
        } else {
            upper.insert(index - at, thing)
        }
        Some(upper)
    }

    /// Takes out the thing at `index`, which must be below `len`.
    pub fn remove(&mut self, index: usize) -> T {
        let thing = self.slots[index].take();
        self.slots[index..self.len].rotate_left(1);
        self.len -= 1;
        thing.expect("below len")
    }

    /// Adds all of `other` at the end; there must be room.
    pub fn append(&mut self, other: Self) {
        for thing in other.slots.into_iter().flatten() {
            self.slots[self.len] = Some(thing);
            self.len += 1;
        }
    }
}
