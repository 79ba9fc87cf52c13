//! The files that `apf.manifests` names: their documents, lists and kinds.

use std::path::Path;

use super::fields::{Findings, Object, Paths};
use super::objects::{self, Version};
use crate::language::text::tree::{Item, Node};
use crate::language::text::yaml::documents;
use crate::language::{Code, Finding, Log, Resolved, Span, nearest, shown};
use crate::scenario::shipped;

/// Bytes a manifest may have.
const LARGEST: u64 = 1 << 20;

const GROUP: &str = "flowcontrol.apiserver.k8s.io";
const FLOW_SCHEMA: &str = "FlowSchema";
const LEVEL: &str = "PriorityLevelConfiguration";

/// What the manifests hold.
#[derive(Debug, Default)]
pub(super) struct Manifests {
    /// Priority levels, as tables of the scenario.
    pub(super) levels: Vec<Resolved>,
    /// Flow schemas, as tables of the scenario.
    pub(super) flow_schemas: Vec<Resolved>,
    /// The paths of fields and objects.
    pub(super) paths: Paths,
    /// Whether something could not be read, so that what seems missing may be there.
    pub(super) partial: bool,
}

/// Reads the files; their names are relative to `base`, the folder of the scenario file.
pub(super) fn read(names: &[(String, Span)], base: Option<&Path>, log: &mut Log) -> Manifests {
    let mut manifests = Manifests::default();
    for (name, at) in names {
        // An inherited file names its manifests from where it is.
        let own = log.sources.folder(at.source);
        let Some(base) = own.as_deref().or(base) else {
            let message = "manifests can be read only next to a scenario file";
            let finding =
                Finding::new(Code::ManifestFile, *at, message).label("no file to be relative to");
            log.push(finding.help(
                "this scenario was not read from a file: write its objects as [[apf.levels]] and \
                 [[apf.flow-schemas]]"
                    .to_owned(),
            ));
            manifests.partial = true;
            break;
        };
        let path = base.join(name);
        match contents(&path) {
            Ok(text) => {
                let source = log.sources.add_file(&path.display().to_string(), text);
                one(source, *at, &mut manifests, log);
            }
            Err(why) => {
                let message = format!("the manifest `{}` cannot be read", shown(name));
                let finding = Finding::new(Code::ManifestFile, *at, message).label(why);
                log.push(finding.help(format!("it is looked for at {}", shown_path(&path))));
                manifests.partial = true;
            }
        }
    }
    manifests
}

fn shown_path(path: &Path) -> String {
    path.display().to_string().chars().flat_map(char::escape_debug).collect()
}

fn contents(path: &Path) -> Result<String, String> {
    let bytes = shipped::read(path, LARGEST)?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("a manifest may have at most {} MiB", LARGEST >> 20));
    }
    String::from_utf8(bytes).map_err(|_| "this is not UTF-8 text".to_owned())
}

/// Reads one file.
fn one(source: usize, named: Span, manifests: &mut Manifests, log: &mut Log) {
    let before = log.errors();
    let documents = documents(source, log);
    manifests.partial |= log.errors() > before;
    let found = manifests.levels.len() + manifests.flow_schemas.len();
    let mut others = Others::default();
    for document in &documents {
        dispatch(document, String::new(), None, manifests, &mut others, log);
    }
    let found = manifests.levels.len() + manifests.flow_schemas.len() - found;
    others.tell(log);
    if found == 0 && others.count == 0 && log.errors() == before {
        let message = "the manifest holds neither flow schemas nor priority levels";
        log.push(Finding::new(Code::PassedOver, named, message).label("has no effect"));
    }
}

/// Objects of other kinds.
#[derive(Default)]
struct Others {
    count: usize,
    kinds: Vec<String>,
    first: Span,
}

impl Others {
    fn add(&mut self, kind: &str, at: Span) {
        if self.count == 0 {
            self.first = at;
        }
        self.count += 1;
        let kind = shown(kind);
        if self.kinds.len() < 5 && !self.kinds.contains(&kind) {
            self.kinds.push(kind);
        }
    }

    fn tell(&self, log: &mut Log) {
        let message = match self.count {
            0 => return,
            1 => "an object that does not concern flow control is ignored".to_owned(),
            n => format!("{n} objects that do not concern flow control are ignored"),
        };
        let finding = Finding::new(Code::PassedOver, self.first, message);
        log.push(finding.label(self.kinds.join(", ")));
    }
}

/// What a list says about its items, which may leave it out.
#[derive(Clone, Copy)]
struct OfList<'n> {
    kind: &'n str,
    version: &'n str,
}

/// Reads an object, or the objects of a list.
fn dispatch<'n>(
    node: &'n Node,
    path: String,
    of_list: Option<OfList<'n>>,
    manifests: &mut Manifests,
    others: &mut Others,
    log: &mut Log,
) {
    let before = log.errors();
    let mut findings = Findings { log, paths: &mut manifests.paths };
    if !matches!(node.item, Item::Table(_)) {
        findings.wrong_type(&path, "an object", node);
        manifests.partial = true;
        return;
    }
    let word = |field: &str| {
        let value = node.get(field)?;
        Some((value.text()?, value.span))
    };
    let kind = word("kind").or(of_list.map(|list| (list.kind, node.span)));
    let version = word("apiVersion").or(of_list.map(|list| (list.version, node.span)));
    let (Some((kind, kind_at)), Some((version, version_at))) = (kind, version) else {
        let field = if kind.is_none() { "kind" } else { "apiVersion" };
        let at = if path.is_empty() { String::new() } else { format!("{path}.") };
        let message = format!("the field `{at}{field}` is missing, or is not a string");
        let finding = Finding::new(Code::MissingField, node.span, message).label("not an object");
        findings.log.push(finding.help(format!("for example: kind: {FLOW_SCHEMA}")));
        manifests.partial = true;
        return;
    };
    let (group, name) = version.split_once('/').unwrap_or(("", version));
    let item = kind.strip_suffix("List").filter(|item| {
        (item.is_empty() && version == "v1")
            || (group == GROUP && (*item == FLOW_SCHEMA || *item == LEVEL))
    });
    if let Some(kind) = item {
        let of_list = (!kind.is_empty()).then_some(OfList { kind, version });
        items(node, path, of_list, manifests, others, log);
        return;
    }
    if group != GROUP {
        if kind == FLOW_SCHEMA || kind == LEVEL {
            unknown_version(version, version_at, findings.log);
            manifests.partial = true;
        } else {
            others.add(kind, kind_at);
        }
        return;
    }
    if kind != FLOW_SCHEMA && kind != LEVEL {
        let message = format!("{GROUP} has no kind `{}`", shown(kind));
        let near = nearest(kind, [FLOW_SCHEMA, LEVEL]);
        let finding = Finding::new(Code::FieldValue, kind_at, message).label("no such kind");
        findings.log.push(finding.help(match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("its kinds are {FLOW_SCHEMA} and {LEVEL}"),
        }));
        manifests.partial = true;
        return;
    }
    let Some(version) = Version::of(name) else {
        unknown_version(version, version_at, findings.log);
        manifests.partial = true;
        return;
    };
    let fields = ["apiVersion", "kind", "metadata", "spec", "status"];
    let Some(object) = Object::new(path, node.span, node, &fields, &mut findings) else {
        return;
    };
    if kind == LEVEL {
        manifests.levels.push(objects::level(&object, version, &mut findings));
    } else {
        manifests.flow_schemas.push(objects::flow_schema(&object, &mut findings));
    }
    // A name that cannot be read may be the one that is missing elsewhere.
    let nameless = |table: &Resolved| table.is_bad("name");
    let (levels, schemas) = (manifests.levels.last(), manifests.flow_schemas.last());
    manifests.partial |= log.errors() > before && levels.into_iter().chain(schemas).any(nameless);
}

/// The objects of a list.
fn items<'n>(
    list: &'n Node,
    path: String,
    of_list: Option<OfList<'n>>,
    manifests: &mut Manifests,
    others: &mut Others,
    log: &mut Log,
) {
    let mut findings = Findings { log, paths: &mut manifests.paths };
    let fields = ["apiVersion", "kind", "metadata", "items"];
    let found = Object::new(path, list.span, list, &fields, &mut findings)
        .and_then(|object| object.list("items", &mut findings));
    for (path, node) in found.map(|(items, _)| items).unwrap_or_default() {
        dispatch(node, path, of_list, manifests, others, log);
    }
}

fn unknown_version(version: &str, at: Span, log: &mut Log) {
    let message = format!("there is no API version `{}` of flow control", shown(version));
    let finding = Finding::new(Code::UnknownVersion, at, message).label("unknown version");
    let names = Version::NAMES.map(|name| format!("{GROUP}/{name}"));
    log.push(finding.help(format!("the versions are {}", names.join(", "))));
}
