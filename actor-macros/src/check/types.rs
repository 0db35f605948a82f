//! Types that cannot travel, as far as their look tells. What they mean, rustc is asked by the expansion.

use syn::{
    GenericArgument, Lifetime, ParenthesizedGenericArguments, Type, TypeFnPtr, TypeImplTrait, TypeParamBound,
    TypeReference, parse_quote,
    visit::{self, Visit},
    visit_mut::{self, VisitMut},
};

use crate::{diagnostics::Errors, tokens::text};

/// The type of a parameter.
pub(crate) fn parameter(ty: &Type, errors: &mut Errors) {
    if let Type::Reference(reference) = ty
        && last_segment(&reference.elem).is_some_and(|name| name == "Context")
    {
        errors.at(ty, "the context is no part of the call: mark the parameter, `#[ctx] ctx: &Context<Self>`");
        return;
    }
    Borrows { whole: ty, role: Role::Parameter, errors }.visit_type(ty);
}

/// The type of a result.
pub(crate) fn result(ty: &Type, errors: &mut Errors) {
    if let Type::Never(never) = ty {
        errors.at(never, "a call waits for an answer, which never comes: leave the result out");
        return;
    }
    Borrows { whole: ty, role: Role::Result, errors }.visit_type(ty);
}

#[derive(Clone, Copy)]
enum Role {
    Parameter,
    Result,
}

struct Borrows<'a> {
    whole: &'a Type,
    role: Role,
    errors: &'a mut Errors,
}

impl Borrows<'_> {
    fn travels(&self) -> &'static str {
        match self.role {
            Role::Parameter => "a parameter is sent to the actor, so it cannot be borrowed",
            Role::Result => "a result is sent to the caller, so it cannot be borrowed",
        }
    }
}

impl<'ast> Visit<'ast> for Borrows<'_> {
    fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
        let mut owned = self.whole.clone();
        Owned.visit_type_mut(&mut owned);
        let changed = match (self.role, reference.mutability) {
            (Role::Parameter, Some(_)) => ", and return what has changed",
            _ => "",
        };
        self.errors.at(reference, format!("{}: write `{}`{changed}", self.travels(), text(&owned)));
    }

    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        if lifetime.ident != "static" {
            self.errors.at(lifetime, format!("{}: write a type that owns what it holds", self.travels()));
        }
    }

    fn visit_type_impl_trait(&mut self, ty: &'ast TypeImplTrait) {
        let message = match (self.role, output_of_future(ty)) {
            (Role::Parameter, _) => {
                "a distributed method cannot be generic yet: write a type instead of `impl Trait`".into()
            }
            (Role::Result, Some(output)) => format!("write `async fn` and `-> {}`, without the future", text(output)),
            (Role::Result, None) => "the caller has to know the type: write it instead of `impl Trait`".into(),
        };
        self.errors.at(ty, message);
    }

    /// What these hold is not a value that would travel.
    fn visit_type_fn_ptr(&mut self, _: &'ast TypeFnPtr) {}
    fn visit_parenthesized_generic_arguments(&mut self, _: &'ast ParenthesizedGenericArguments) {}
}

/// Puts the owned type in the place of each borrowed one.
struct Owned;

impl VisitMut for Owned {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        visit_mut::visit_type_mut(self, ty);
        let Type::Reference(reference) = ty else { return };
        let elem = &reference.elem;
        *ty = match &**elem {
            Type::Slice(slice) => {
                let elem = &slice.elem;
                parse_quote!(Vec<#elem>)
            }
            other => match last_segment(other).as_deref() {
                Some("str") => parse_quote!(String),
                Some("Path") => parse_quote!(PathBuf),
                Some("OsStr") => parse_quote!(OsString),
                Some("CStr") => parse_quote!(CString),
                _ => other.clone(),
            },
        };
    }
}

fn last_segment(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(path) => Some(path.path.segments.last()?.ident.to_string()),
        _ => None,
    }
}

fn output_of_future(ty: &TypeImplTrait) -> Option<&Type> {
    struct Output<'ast>(Option<&'ast Type>);
    impl<'ast> Visit<'ast> for Output<'ast> {
        fn visit_generic_argument(&mut self, argument: &'ast GenericArgument) {
            if let GenericArgument::AssocType(assoc) = argument
                && assoc.ident == "Output"
            {
                self.0 = Some(&assoc.ty);
            }
            visit::visit_generic_argument(self, argument);
        }
    }
    let is_future = |bound: &TypeParamBound| match bound {
        TypeParamBound::Trait(bound) => bound.path.segments.last().is_some_and(|segment| segment.ident == "Future"),
        _ => false,
    };
    let future = ty.bounds.iter().find(|bound| is_future(bound))?;
    let mut output = Output(None);
    output.visit_type_param_bound(future);
    output.0
}
