//! Type parameters and `type` statements (PEP 695, PEP 696).
use lasti_bytecode::opcode::{intrinsic1, intrinsic2, make_function};

use super::*;

impl Compiler<'_> {
    /// Makes and stores each parameter; leaves the tuple of all.
    pub(super) fn type_params(&mut self, params: &[TypeParam]) -> Pass {
        for p in params {
            self.u().pos = p.pos;
            self.load_str(&p.name);
            match &p.kind {
                TypeParamKind::TypeVar(Some(bound)) => {
                    let constraints = matches!(bound.kind, ExprKind::Tuple(..))
                        || matches!(bound.as_const(), Some(Const::Tuple(_)));
                    self.evaluator(&p.name, p.id, Role::Value, bound)?;
                    let which = if constraints {
                        intrinsic2::TYPEVAR_WITH_CONSTRAINTS
                    } else {
                        intrinsic2::TYPEVAR_WITH_BOUND
                    };
                    self.op_arg(Op::CallIntrinsic2, which as usize);
                }
                TypeParamKind::TypeVar(None) => {
                    self.op_arg(Op::CallIntrinsic1, intrinsic1::TYPEVAR as usize);
                }
                TypeParamKind::TypeVarTuple => {
                    self.op_arg(Op::CallIntrinsic1, intrinsic1::TYPEVARTUPLE as usize);
                }
                TypeParamKind::ParamSpec => {
                    self.op_arg(Op::CallIntrinsic1, intrinsic1::PARAMSPEC as usize);
                }
            }
            if let Some(default) = &p.default {
                self.evaluator(&p.name, p.id, Role::Default, default)?;
                self.op_arg(
                    Op::CallIntrinsic2,
                    intrinsic2::SET_TYPEPARAM_DEFAULT as usize,
                );
            }
            self.op(Op::DupTop);
            self.name_op(&p.name, Ctx::Store)?;
        }
        self.op_arg(Op::BuildTuple, params.len());
        Ok(())
    }

    /// Pushes a function that evaluates `e` when it is called.
    fn evaluator(&mut self, name: &Name, id: NodeId, role: Role, e: &Expr) -> Pass {
        self.load_const(Const::Tuple(Box::new([Const::Int(1)])));
        self.enter_lazy(name.clone(), id, role, e.line, e.pos);
        match &e.kind {
            // The default of a TypeVarTuple may be starred.
            ExprKind::Starred(value, _) => {
                self.expr(value)?;
                self.op_arg(Op::UnpackSequence, 1);
            }
            _ => self.expr(e)?,
        }
        self.op(Op::ReturnValue);
        let qualname = self.unit().qualname.clone();
        let code = self.finish(true);
        self.make_closure(code, make_function::DEFAULTS, &qualname);
        Ok(())
    }

    pub(super) fn type_alias(&mut self, t: &TypeAlias) -> Pass {
        let ExprKind::Name(name, _) = &t.name.kind else {
            return Err(Fault::syntax("invalid syntax", t.name.pos));
        };
        let generic = !t.type_params.is_empty();
        if generic {
            let outer: Name = Rc::from(format!("<generic parameters of {name}>"));
            self.enter(outer, t.id, Role::TypeParams, t.name.line, t.name.pos);
            self.load_str(name);
            self.type_params(&t.type_params)?;
        } else {
            self.load_str(name);
            self.load_const(Const::None);
        }
        self.evaluator(name, t.id, Role::Value, &t.value)?;
        self.op_arg(Op::BuildTuple, 3);
        self.op_arg(Op::CallIntrinsic1, intrinsic1::TYPEALIAS as usize);
        if generic {
            self.op(Op::ReturnValue);
            self.call_wrapper(0);
        }
        self.name_op(name, Ctx::Store)
    }
}
