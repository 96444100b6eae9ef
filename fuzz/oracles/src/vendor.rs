//! The vendors as translation targets, with the catalogs of their contracts.

use std::fs;
use std::sync::{Arc, LazyLock};

use vendors::json::{Limits, read_value};
use vendors::{Catalog, CatalogKind, CatalogSet, Catalogs, Dialect, Handling, Policies, Target, registry};

use crate::seeds::root;

/// One vendor's account.
pub(crate) struct Vendor {
    pub(crate) dialect: &'static Dialect,
    pub(crate) catalogs: CatalogSet,
}

static NOTHING: LazyLock<(CatalogSet, Policies)> = LazyLock::new(Default::default);

static VENDORS: LazyLock<Vec<Vendor>> = LazyLock::new(|| registry::DIALECTS.into_iter().map(Vendor::read).collect());

/// All vendors.
pub(crate) fn vendors() -> &'static [Vendor] {
    &VENDORS
}

impl Vendor {
    fn read(dialect: &'static Dialect) -> Self {
        let text = fs::read(root().join("vendors/contracts").join(dialect.name).join("catalogs.json")).unwrap();
        let lists = read_value(&text, Limits::VENDOR).unwrap();
        let mut catalogs = CatalogSet::default();
        for kind in CatalogKind::ALL {
            if let (Some(list), Some(spec)) = (lists.get(kind.as_str()), dialect.catalog(kind)) {
                catalogs.set(kind, Arc::new(Catalog::parse(list.text().as_bytes(), spec).unwrap()));
            }
        }
        Self { dialect, catalogs }
    }

    pub(crate) fn target(&self, handling: Handling) -> Target<'_> {
        let catalogs = Catalogs { configured: &NOTHING.0, live: &self.catalogs };
        Target {
            dialect: self.dialect,
            vendor: self.dialect.name,
            id: "789",
            handling,
            policies: &NOTHING.1,
            catalogs,
            accounts: &registry::Names,
        }
    }
}
