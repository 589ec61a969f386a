//! Second half of the symbol table: where each name lives.
use super::*;

/// What the blocks around say about a name that a block does not bind.
enum Outer {
    Bound,
    Global,
}

struct Analyzer<'a> {
    table: &'a mut SymTable,
}

pub(super) fn analyze(table: &mut SymTable) -> Pass {
    Analyzer { table }.block(0).map(|_| ())
}

/// Names a class block itself offers to the blocks in it.
fn is_class_cell(name: &str) -> bool {
    matches!(
        name,
        "__class__" | "__classdict__" | "__conditional_annotations__"
    )
}

impl Analyzer<'_> {
    fn outer(&self, block: usize, name: &str) -> Outer {
        let mut at = self.table.blocks[block].parent;
        while let Some(index) = at {
            let block = &self.table.blocks[index];
            match block.kind {
                BlockType::Module => return Outer::Global,
                BlockType::Class => {
                    if is_class_cell(name) {
                        return Outer::Bound;
                    }
                }
                _ => {
                    let flags = block.symbols.get(name).map_or(0, |s| s.flags);
                    if flags & def::GLOBAL != 0 {
                        return Outer::Global;
                    }
                    if flags & def::NONLOCAL == 0 && flags & def::BOUND != 0 {
                        return Outer::Bound;
                    }
                }
            }
            at = block.parent;
        }
        Outer::Global
    }

    /// The class whose namespace an annotation scope looks into.
    fn visible_class(&self, index: usize) -> Option<usize> {
        let block = &self.table.blocks[index];
        if !block.can_see_class_scope {
            return None;
        }
        let mut at = block.parent;
        while let Some(i) = at {
            if self.table.blocks[i].kind == BlockType::Class {
                return Some(i);
            }
            at = self.table.blocks[i].parent;
        }
        None
    }

    /// Whether the nearest binding around a block is a type parameter.
    fn is_type_param(&self, block: usize, name: &str) -> bool {
        let mut at = self.table.blocks[block].parent;
        while let Some(index) = at {
            let block = &self.table.blocks[index];
            let flags = block.symbols.get(name).map_or(0, |s| s.flags);
            if block.kind != BlockType::Class
                && flags & def::BOUND != 0
                && flags & def::NONLOCAL == 0
            {
                return flags & def::TYPE_PARAM != 0;
            }
            at = block.parent;
        }
        false
    }

    fn directive(&self, block: usize, name: &str) -> Position {
        let found = self.table.blocks[block]
            .directives
            .iter()
            .find(|(n, _)| &**n == name);
        found.map_or(Position::default(), |&(_, pos)| pos)
    }

    fn name(
        &self,
        index: usize,
        name: &Name,
        flags: u32,
        free: &mut FxHashSet<Name>,
    ) -> Pass<Scope> {
        if flags & def::GLOBAL != 0 {
            if flags & def::NONLOCAL != 0 {
                let msg = format!("name '{name}' is nonlocal and global");
                return Err(Fault::syntax(msg, self.directive(index, name)));
            }
            return Ok(Scope::GlobalExplicit);
        }
        if flags & def::NONLOCAL != 0 {
            if self.table.blocks[index].kind == BlockType::Module {
                let msg = "nonlocal declaration not allowed at module level";
                return Err(Fault::syntax(msg, self.directive(index, name)));
            }
            return match self.outer(index, name) {
                Outer::Bound if self.is_type_param(index, name) => {
                    let msg = format!("nonlocal binding not allowed for type parameter '{name}'");
                    Err(Fault::syntax(msg, self.directive(index, name)))
                }
                Outer::Bound => {
                    free.insert(name.clone());
                    Ok(Scope::Free)
                }
                Outer::Global => {
                    let msg = format!("no binding for nonlocal '{name}' found");
                    Err(Fault::syntax(msg, self.directive(index, name)))
                }
            };
        }
        if flags & def::BOUND != 0 {
            return Ok(Scope::Local);
        }
        if let Some(class) = self.visible_class(index) {
            let flags = self.table.blocks[class]
                .symbols
                .get(name)
                .map_or(0, |s| s.flags);
            if flags & def::GLOBAL != 0 {
                return Ok(Scope::GlobalExplicit);
            }
            if flags & def::BOUND != 0 && flags & def::NONLOCAL == 0 {
                return Ok(Scope::GlobalImplicit);
            }
        }
        match self.outer(index, name) {
            Outer::Bound => {
                free.insert(name.clone());
                Ok(Scope::Free)
            }
            Outer::Global => Ok(Scope::GlobalImplicit),
        }
    }

    /// Analyses a block and those in it; gives the names that stay free.
    fn block(&mut self, index: usize) -> Pass<FxHashSet<Name>> {
        stacker::maybe_grow(crate::lower::RED_ZONE, crate::lower::STACK_STEP, || {
            self.block_inner(index)
        })
    }

    fn block_inner(&mut self, index: usize) -> Pass<FxHashSet<Name>> {
        let mut own_free = FxHashSet::default();
        let mut names: Vec<(Name, u32)> = self.table.blocks[index]
            .symbols
            .iter()
            .map(|(n, s)| (n.clone(), s.flags))
            .collect();
        // Only so that the error reported first does not depend on hashing.
        if self.table.blocks[index].directives.len() > 1 {
            names.sort_unstable();
        }
        for (name, flags) in &names {
            let scope = self.name(index, name, *flags, &mut own_free)?;
            if let Some(symbol) = self.table.blocks[index].symbols.get_mut(name) {
                symbol.scope = scope;
            }
        }
        let mut free = FxHashSet::default();
        let children = self.table.blocks[index].children.clone();
        for child in children {
            free.extend(self.block(child)?);
        }
        let block = &mut self.table.blocks[index];
        let is_class = block.kind == BlockType::Class;
        if block.kind.is_function_like() {
            free.retain(|name| match block.symbols.get_mut(name) {
                Some(symbol) if symbol.scope == Scope::Local => {
                    symbol.scope = Scope::Cell;
                    false
                }
                _ => true,
            });
        } else if is_class {
            block.needs_class_closure |= free.remove("__class__");
            block.needs_classdict |= free.remove("__classdict__");
            block.conditional_annotations |= free.remove("__conditional_annotations__");
        }
        let is_module = block.kind == BlockType::Module;
        let sees_class = block.can_see_class_scope;
        for name in &free {
            match block.symbols.get_mut(name) {
                Some(symbol) => {
                    // An annotation's own look-up goes through the class, what is inside it does not.
                    let around = sees_class && symbol.scope == Scope::GlobalImplicit;
                    if around || is_class && symbol.flags & (def::BOUND | def::GLOBAL) != 0 {
                        symbol.flags |= def::FREE_CLASS;
                    }
                }
                None if is_module => {}
                None => {
                    block.symbols.insert(
                        name.clone(),
                        Symbol {
                            flags: 0,
                            scope: Scope::Free,
                        },
                    );
                }
            }
        }
        free.extend(own_free);
        if is_module {
            free.clear();
        }
        Ok(free)
    }
}
