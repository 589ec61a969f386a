//! A list of objects that does not keep them alive: each takes itself out when it goes. An entry costs two words here and two
//! in the object, where a weak reference costs an object and a place in a table.
use super::{Header, Value};
use std::cell::{Cell, RefCell};
use std::ptr::NonNull;
use std::rc::Rc;

/// An object, and where it keeps its place in the list.
type Item = (NonNull<Header>, NonNull<Cell<u32>>);
type Items = Rc<RefCell<Vec<Item>>>;

/// Objects that are alive, in no order that holds.
#[derive(Default)]
pub struct LiveList {
    items: Items,
}

/// An object's place in a [`LiveList`], as a field of its payload. Empty until the object is listed.
#[derive(Default)]
pub struct LiveEntry {
    place: Cell<u32>,
    list: Cell<Option<Items>>,
}

impl LiveList {
    /// Lists an object by the entry in its payload. One that is listed already, or whose entry stands elsewhere, stays as
    /// it is.
    pub fn insert(&self, object: &Value, entry: &LiveEntry) {
        let Some(h) = object.header() else { return };
        // The entry's own end is what takes the object out of the list, so it must be the object's.
        let (start, at) = (
            h as *const Header as usize,
            entry as *const LiveEntry as usize,
        );
        let size = h.class().data.layout().size;
        if at < start || at + size_of::<LiveEntry>() > start + size {
            return;
        }
        if let Some(present) = entry.list.replace(Some(self.items.clone())) {
            entry.list.set(Some(present));
            return;
        }
        let mut items = self.items.borrow_mut();
        entry.place.set(items.len() as u32);
        items.push((NonNull::from(h), NonNull::from(&entry.place)));
    }

    /// The objects that are alive, oldest entries mostly first.
    pub fn values(&self) -> Vec<Value> {
        let items = self.items.borrow();
        items
            .iter()
            .filter_map(|(h, _)| {
                // SAFETY: an object in the list has its payload, and with it its block; one whose last reference went is
                // only waiting to be freed and is left out.
                unsafe {
                    let h = h.as_ref();
                    if h.refs.get() == 0 {
                        return None;
                    }
                    h.refs.set(h.refs.get() + 1);
                    Some(Value::from_counted(NonNull::from(h)))
                }
            })
            .collect()
    }
}

impl LiveEntry {
    /// Takes the object out of its list.
    pub fn remove(&self) {
        let Some(list) = self.list.take() else { return };
        let mut items = list.borrow_mut();
        let place = self.place.get() as usize;
        if items
            .get(place)
            .is_some_and(|(_, p)| std::ptr::eq(p.as_ptr(), &self.place))
        {
            items.swap_remove(place);
            if let Some((_, moved)) = items.get(place) {
                // SAFETY: the entry of a listed object stands in its payload, which is whole until the entry is dropped.
                unsafe { moved.as_ref() }.set(place as u32);
            }
        }
    }
}

impl Drop for LiveEntry {
    fn drop(&mut self) {
        self.remove();
    }
}
