//! Import: a native importer over frozen modules, native modules and the host's files (PEP 328, 420's subset, 562).
use crate::frame::Regs;
use crate::memory::{Ref, Value};
use crate::objects::*;
use crate::vm::Vm;
use crate::vm::error::{Exc, PyResult};
use crate::vm::host::ModuleSource;

impl Vm {
    /// `import name` from Rust: the module of the full dotted name.
    pub fn import(&self, name: &str) -> PyResult<Value> {
        self.import_dotted(name)
    }

    /// Imports every part of a dotted name and gives the last.
    pub fn import_dotted(&self, name: &str) -> PyResult<Value> {
        if let Some(m) = self.dict_get(&self.modules, name) {
            if m.is_none() {
                return Err(self.no_module(
                    format!("import of {name} halted; None in sys.modules"),
                    name,
                ));
            }
            return Ok(m);
        }
        let Some((parent, child)) = name.rsplit_once('.') else {
            return self.load_module(name, None);
        };
        let package = self.import_dotted(parent)?;
        // The parent's import may have brought the child.
        if let Some(m) = self.dict_get(&self.modules, name) {
            return Ok(m);
        }
        let Some(path) = self.lookup_attr(&package, &self.names.path)? else {
            return Err(self.no_module(
                format!("No module named '{name}'; '{parent}' is not a package"),
                name,
            ));
        };
        let m = self.load_module(name, Some(&path))?;
        self.setattr(&package, &self.intern(child), Some(&m))?;
        Ok(m)
    }

    fn no_module(&self, msg: String, name: &str) -> Exc {
        self.import_error(
            &self.exc.module_not_found_error,
            msg,
            self.str_value(name),
            Value::NONE,
        )
    }

    fn load_module(&self, name: &str, path: Option<&Value>) -> PyResult<Value> {
        let init = self.native_modules.borrow().get(name).copied();
        if let Some(init) = init {
            let m = init(self)?;
            let spec = self.new_module_spec(name, "built-in", None);
            self.dict_set_str(&m.dict, &self.names.spec, spec);
            self.dict_set(&self.modules, name, m.value());
            return Ok(m.into());
        }
        let entries = match path {
            Some(p) => Some(self.path_entries(p)?),
            None => None,
        };
        match self.host.find_module(self, name, entries.as_deref())? {
            Some(source) => self.run_module(name, source),
            None => self.find_through_meta_path(name, path),
        }
    }

    fn path_entries(&self, path: &Value) -> PyResult<Vec<String>> {
        let items = self.collect(path)?;
        Ok(items
            .iter()
            .filter_map(|v| {
                v.downcast::<Str>()
                    .map(|s| lasti_text::filename::to_string(s.as_bytes()))
            })
            .collect())
    }

    /// Finders that Python code put on `sys.meta_path` have the last word.
    fn find_through_meta_path(&self, name: &str, path: Option<&Value>) -> PyResult<Value> {
        let missing = || self.no_module(format!("No module named '{name}'"), name);
        let Some(sys) = self.sys.get() else {
            return Err(missing());
        };
        let Some(finders) = self.dict_get(&sys.dict, "meta_path") else {
            return Err(missing());
        };
        for finder in self.collect(&finders)? {
            let Some(find) = self.lookup_attr(&finder, &self.intern("find_spec"))? else {
                continue;
            };
            let spec = self.call(
                &find,
                &[
                    self.str_value(name),
                    path.cloned().unwrap_or(Value::NONE),
                    Value::NONE,
                ],
            )?;
            if !spec.is_none() {
                let bootstrap = self.import("importlib._bootstrap")?;
                return self.call_method(&bootstrap, "_load", &[spec]);
            }
        }
        Err(missing())
    }

    /// Makes a module of source or frozen code and runs it. It is in `sys.modules` while it runs, and taken out when
    /// that fails.
    pub fn run_module(&self, name: &str, source: ModuleSource) -> PyResult<Value> {
        let (code, filename, package) = match source {
            ModuleSource::Source {
                bytes,
                filename,
                package,
            } => {
                let code = self.compile(&bytes, &filename, lasti_compiler::Mode::Exec)?;
                (code, filename, package)
            }
            ModuleSource::Frozen { image, package } => {
                let filename = image.filename().to_owned();
                (self.new_frozen_code(image), filename, package)
            }
        };
        let m = self.new_module(name);
        let n = &self.names;
        self.dict_set_str(&m.dict, &n.file, self.name_value(&filename));
        let mut search = None;
        let parent = if package {
            let folder = if filename.starts_with("<frozen") {
                "<frozen>"
            } else {
                filename.rsplit_once('/').map_or("", |(d, _)| d)
            };
            let path = self.new_list(vec![self.name_value(folder)]);
            self.dict_set_str(&m.dict, &n.path, path.clone());
            search = Some(path);
            name
        } else {
            name.rsplit_once('.').map_or("", |(p, _)| p)
        };
        self.dict_set_str(&m.dict, &n.package, self.str_value(parent));
        let spec = self.new_module_spec(name, &filename, search);
        self.dict_set_str(&m.dict, &n.spec, spec);
        if let Some(b) = self.dict_get(&self.modules, "builtins") {
            self.dict_set_str(&m.dict, &n.builtins, b);
        }
        self.dict_set(&self.modules, name, m.value());
        let f = self.function_of_code(&code, &m.dict);
        if let Err(e) = self.run_code(&f, m.dict.value()) {
            self.dict_del_str(&self.modules, &self.intern(name));
            return Err(e);
        }
        self.host.module_loaded(self, name, &m);
        // A module may put something else in its place.
        Ok(self
            .dict_get(&self.modules, name)
            .unwrap_or_else(|| m.value()))
    }

    /// `__import__(name, globals, locals, fromlist, level)`.
    pub fn import_name(
        &self,
        name: &Str,
        globals: Option<&Dict>,
        fromlist: &Value,
        level: i64,
    ) -> PyResult<Value> {
        let name = name.to_string_lossy().into_owned();
        let full = if level > 0 {
            self.resolve_relative(&name, globals, level)?
        } else {
            name.clone()
        };
        if full.is_empty() {
            return Err(self.value_error("Empty module name"));
        }
        let module = self.import_dotted(&full)?;
        if self.is_true(fromlist)? {
            if self.lookup_attr(&module, &self.names.path)?.is_some() {
                self.import_fromlist(&module, &full, fromlist)?;
            }
            return Ok(module);
        }
        if level > 0 || !name.contains('.') {
            if level > 0 && name.contains('.') {
                let cut = full.len() - name.len() + name.find('.').unwrap_or(0);
                return self.import_dotted(&full[..cut]);
            }
            return Ok(module);
        }
        let first = name.split('.').next().unwrap_or_default();
        self.import_dotted(first)
    }

    /// Submodules named in `from package import a, b` are imported too.
    fn import_fromlist(&self, module: &Value, full: &str, fromlist: &Value) -> PyResult<()> {
        for v in self.collect(fromlist)? {
            let Some(s) = v.as_ref::<Str>() else {
                return Err(self.type_error(format!(
                    "Item in ``from list'' must be str, not {}",
                    self.type_name(&v)
                )));
            };
            let text = s.to_string_lossy().into_owned();
            if text == "*" {
                if let Some(all) = self.lookup_attr(module, &self.names.all)? {
                    self.import_fromlist(module, full, &all)?;
                }
                continue;
            }
            if self.lookup_attr(module, s)?.is_some() {
                continue;
            }
            let sub = format!("{full}.{text}");
            if let Err(e) = self.import_dotted(&sub) {
                let ours = self.exc_is(&e, &self.exc.module_not_found_error)
                    && e.0.downcast::<Exception>().is_some_and(|x| {
                        x.field(1)
                            .downcast::<Str>()
                            .is_some_and(|n| *n == *sub.as_str())
                    });
                if !ours {
                    return Err(e);
                }
            }
        }
        Ok(())
    }

    fn resolve_relative(&self, name: &str, globals: Option<&Dict>, level: i64) -> PyResult<String> {
        let no_parent = || {
            self.import_error(
                &self.exc.import_error,
                "attempted relative import with no known parent package",
                Value::NONE,
                Value::NONE,
            )
        };
        let Some(g) = globals else {
            return Err(no_parent());
        };
        let text = |v: Option<Value>| {
            v.and_then(|v| {
                v.downcast::<Str>()
                    .map(|s| s.to_string_lossy().into_owned())
            })
        };
        let package = match text(self.dict_get_str(g, &self.names.package)) {
            Some(p) => p,
            None => {
                let n = text(self.dict_get_str(g, &self.names.name)).ok_or_else(no_parent)?;
                if self.dict_get_str(g, &self.names.path).is_some() {
                    n
                } else {
                    n.rsplit_once('.')
                        .map_or(String::new(), |(p, _)| p.to_owned())
                }
            }
        };
        if package.is_empty() {
            return Err(no_parent());
        }
        let mut base = &package[..];
        for _ in 1..level {
            match base.rsplit_once('.') {
                Some((p, _)) => base = p,
                None => {
                    return Err(self.import_error(
                        &self.exc.import_error,
                        "attempted relative import beyond top-level package",
                        Value::NONE,
                        Value::NONE,
                    ));
                }
            }
        }
        Ok(if name.is_empty() {
            base.to_owned()
        } else {
            format!("{base}.{name}")
        })
    }

    pub(super) fn op_import_name(&self, r: &mut Regs, arg: u32) -> PyResult<()> {
        let fromlist = r.pop();
        let level = r.pop();
        let f = r.frame();
        let name = f.code.names[arg as usize].clone();
        let globals = f.function.globals.clone();
        let custom = self.dict_get_str(&f.function.builtins, &self.names.import);
        let m = match custom {
            Some(i) if i.downcast::<NativeFunction>().is_none() => {
                let locals = f.locals.get();
                let locals = if locals.is_unbound() {
                    Value::NONE
                } else {
                    locals
                };
                self.call(
                    &i,
                    &[name.value(), globals.value(), locals, fromlist, level],
                )?
            }
            Some(_) => {
                let level = level.as_small_int().unwrap_or(0);
                self.import_name(&name, Some(&globals), &fromlist, level)?
            }
            None => {
                return Err(self.import_error(
                    &self.exc.import_error,
                    "__import__ not found",
                    Value::NONE,
                    Value::NONE,
                ));
            }
        };
        r.push(m);
        Ok(())
    }

    pub(super) fn op_import_from(&self, r: &mut Regs, arg: u32) -> PyResult<()> {
        let name = r.frame().code.names[arg as usize].clone();
        let module = r.peek(1).clone();
        if let Some(v) = self.lookup_attr(&module, &name)? {
            r.push(v);
            return Ok(());
        }
        let text = |v: PyResult<Option<Value>>| {
            v.ok().flatten().and_then(|v| {
                v.downcast::<Str>()
                    .map(|s| s.to_string_lossy().into_owned())
            })
        };
        let package = text(self.lookup_attr(&module, &self.names.name));
        // A submodule that is still being imported is not an attribute yet.
        if let Some(p) = &package
            && let Some(v) =
                self.dict_get(&self.modules, &format!("{p}.{}", name.to_string_lossy()))
        {
            r.push(v);
            return Ok(());
        }
        let file = text(self.lookup_attr(&module, &self.names.file));
        let shown = package
            .clone()
            .map_or("<unknown module name>".to_owned(), |p| p);
        let place = file.clone().unwrap_or_else(|| "unknown location".into());
        let msg = format!(
            "cannot import name '{}' from '{shown}' ({place})",
            name.to_string_lossy()
        );
        let or_none = |t: Option<String>| t.map_or(Value::NONE, |t| self.str_value(&t));
        let e = self.import_error(&self.exc.import_error, msg, or_none(package), or_none(file));
        if let Some(x) = e.0.downcast::<Exception>() {
            x.set_field(3, name.value());
        }
        Err(e)
    }

    pub(super) fn op_import_star(&self, r: &mut Regs) -> PyResult<()> {
        let module = r.pop();
        let locals = r.frame().locals.get();
        if locals.is_unbound() {
            return Err(
                self.new_exception(&self.exc.system_error, "no locals found during 'import *'")
            );
        }
        let (names, skip_private) = match self.lookup_attr(&module, &self.names.all)? {
            Some(all) => (self.collect(&all)?, false),
            None => match self.dict_of(&module) {
                Some(d) => (d.keys(), true),
                None => {
                    return Err(self.import_error(
                        &self.exc.import_error,
                        "from-import-* object has no __dict__ and no __all__",
                        Value::NONE,
                        Value::NONE,
                    ));
                }
            },
        };
        for n in names {
            let Some(s) = n.as_ref::<Str>() else {
                return Err(self.type_error(format!(
                    "Item in __all__ must be str, not {}",
                    self.type_name(&n)
                )));
            };
            if skip_private && s.as_bytes().starts_with(b"_") {
                continue;
            }
            let v = self.getattr(&module, s)?;
            match locals.downcast::<Dict>() {
                Some(d) => self.dict_set_str(d, &self.intern_ref(s), v),
                None => self.setitem(&locals, &n, &v)?,
            }
        }
        Ok(())
    }

    /// The module object of a name already imported.
    pub fn loaded_module(&self, name: &str) -> Option<Ref<Module>> {
        self.dict_get(&self.modules, name)
            .and_then(|m| m.into_ref::<Module>().ok())
    }
}
