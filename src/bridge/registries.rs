//! Which registry a member has, by what JS says: the one list of the kinds that there are.

use napi::bindgen_prelude::Result;

use super::credentials::Credentials;
use super::invalid;
use super::options::BusOptions;
use crate::bus::agreement::Terms;
use crate::bus::registry::Registry;
use crate::grpc::target::Target;
use crate::registry::etcd::Login;
use crate::registry::{Embedded, Etcd, Standalone};
use crate::tls::credentials::Mutual;

/// The way to it. `tls` is that of the member's links, `etcd_tls` that to etcd.
pub(super) fn way_to_registry(
    options: &BusOptions,
    terms: &Terms,
    tls: Option<Mutual>,
    etcd_tls: Option<&Credentials>,
) -> Result<Box<dyn Registry>> {
    let target = |text: &String| {
        let target = text.parse::<Target>();
        target.map_err(|bad| invalid(bad.of("registry").to_string()))
    };
    let terms = terms.clone();
    if let Some(etcd) = &options.etcd {
        let endpoints = etcd.endpoints.iter().map(target);
        let login = etcd.user.clone().map(|user| Login {
            user,
            password: etcd.password.clone().unwrap_or_default(),
        });
        return Ok(Box::new(Etcd {
            endpoints: endpoints.collect::<Result<_>>()?,
            prefix: etcd.prefix.clone(),
            terms,
            name: options.name.clone(),
            login,
            tls: etcd_tls.map(Credentials::client).transpose()?,
            insecure: options.insecure,
            links_have_tls: tls.is_some(),
        }));
    }
    let at = Standalone {
        target: target(&options.registry)?.named(options.registry_name.clone()),
        insecure: options.insecure,
        tls,
    };
    Ok(if options.may_host {
        let beside = options.beside.clone();
        Box::new(Embedded { at, terms, beside })
    } else {
        Box::new(at)
    })
}
