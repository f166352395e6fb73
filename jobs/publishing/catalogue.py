"""The catalogue of what is published, for machines: DCAT-AP 3 (JSON-LD), schema.org, and an Atom feed of what is new."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lxml import etree

from jobs.contracts.product import Product
from jobs.publishing.files import MEDIA
from jobs.publishing.publication import Publication, Words
from jobs.publishing.versions import Version

CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/", "foaf": "http://xmlns.com/foaf/0.1/", "vcard": "http://www.w3.org/2006/vcard/ns#", "adms": "http://www.w3.org/ns/adms#",
    "spdx": "http://spdx.org/rdf/terms#", "xsd": "http://www.w3.org/2001/XMLSchema#",
}  # fmt: skip
AUTHORITY = "http://publications.europa.eu/resource/authority"
FILE_TYPES = {"ocds": f"{AUTHORITY}/file-type/JSON", "csv": f"{AUTHORITY}/file-type/CSV", "jsonl": f"{AUTHORITY}/file-type/JSON", "parquet": f"{AUTHORITY}/file-type/PARQUET"}
ATOM = "http://www.w3.org/2005/Atom"
CATALOGUE, FEED = "catalogue.jsonld", "feed.atom"


def catalogue(city: str, base: str, published: Iterable[tuple[Publication, Product, Sequence[Version]]]) -> dict[str, Any]:
    """A dcat:Catalog. `base`: address of the bucket, with its last slash; of each publication all versions, the oldest first. One that is withdrawn keeps its entry, without files."""
    return {
        "@context": CONTEXT, "@id": base + CATALOGUE, "@type": "dcat:Catalog",
        "dct:title": _words(Words(en=f"Open data of {city}", zh=f"{city}开放数据")),
        "dct:description": _words(Words(en=f"What {city} publishes for everybody to re-use.", zh=f"{city}向公众开放、可自由再利用的数据。")),
        "dct:publisher": _agent(base, city), "foaf:homepage": {"@id": base, "@type": "foaf:Document"},
        "dcat:dataset": [_dataset(base, publication, product, versions) for publication, product, versions in published if versions],
    }  # fmt: skip


def _words(words: Words) -> list[dict[str, str]]:
    return [{"@value": words.en, "@language": "en"}, {"@value": words.zh, "@language": "zh"}]


def _agent(base: str, name: str) -> dict[str, Any]:
    return {"@id": f"{base}#{_fragment(name)}", "@type": "foaf:Agent", "foaf:name": name}


def _fragment(name: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in name)


def _moment(at: dt.datetime) -> dict[str, str]:
    return {"@value": at.astimezone(dt.UTC).isoformat(timespec="seconds"), "@type": "xsd:dateTime"}


def _dataset(base: str, publication: Publication, product: Product, versions: Sequence[Version]) -> dict[str, Any]:
    last, own = versions[-1], f"{base}{publication.name}/"
    return {
        "@id": f"{own}#dataset", "@type": "dcat:Dataset", "dct:identifier": publication.name, "dct:title": _words(publication.title), "dct:description": _words(publication.description),
        "dct:publisher": _agent(base, publication.publisher), "dcat:contactPoint": {"@id": f"{own}#contact", "@type": "vcard:Kind", "vcard:fn": publication.publisher, "vcard:hasEmail": {"@id": publication.contact}},
        "dcat:theme": {"@id": publication.theme}, "dcat:keyword": list(publication.keywords),
        "dct:accrualPeriodicity": {"@id": publication.frequency, "@type": "dct:Frequency"}, "dct:issued": _moment(versions[0].published_at), "dct:modified": _moment(last.published_at),
        "dcat:version": str(last.version), "adms:versionNotes": last.notice, "dct:provenance": {"@id": f"{own}#provenance", "@type": "dct:ProvenanceStatement", "dct:description": _provenance(product)},
        "dcat:distribution": [_distribution(base, publication, file, last) for file in last.files],
    }  # fmt: skip


def _provenance(product: Product) -> str:
    return f"{product.dataset}, made from {', '.join(given.name for given in product.inputs)}"


def _distribution(base: str, publication: Publication, file: Any, version: Version) -> dict[str, Any]:
    where = {"@id": base + file.key}
    return {
        "@id": f"{base}{file.key}#distribution", "@type": "dcat:Distribution", "dct:title": " ".join(filter(None, [publication.title.en, file.partition, file.format])),
        "dcat:accessURL": where, "dcat:downloadURL": where, "dct:format": {"@id": FILE_TYPES[file.format], "@type": "dct:MediaTypeOrExtent"},
        "dcat:mediaType": {"@id": f"https://www.iana.org/assignments/media-types/{MEDIA[file.format]}", "@type": "dct:MediaType"},
        "dct:license": {"@id": publication.licence, "@type": "dct:LicenseDocument"}, "dct:modified": _moment(version.published_at),
        "dcat:byteSize": {"@value": str(file.bytes), "@type": "xsd:nonNegativeInteger"},
        "spdx:checksum": {
            "@id": f"{base}{file.key}#checksum", "@type": "spdx:Checksum", "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256", "@type": "spdx:ChecksumAlgorithm"},
            "spdx:checksumValue": {"@value": file.sha256, "@type": "xsd:hexBinary"},
        },
    }  # fmt: skip


def schema_org(base: str, publication: Publication, product: Product, version: Version) -> dict[str, Any]:
    """For search engines: a schema.org Dataset with its variables."""
    known = {column.name: column for column in product.columns}
    return {
        "@context": "https://schema.org/", "@type": "Dataset", "@id": f"{base}{publication.name}/", "name": publication.title.en, "alternateName": publication.title.zh,
        "description": publication.description.en, "license": publication.licence, "creator": {"@type": "Organization", "name": publication.publisher}, "version": str(version.version),
        "keywords": list(publication.keywords), "dateModified": version.published_at.astimezone(dt.UTC).isoformat(timespec="seconds"), "isAccessibleForFree": True,
        "variableMeasured": [{"@type": "PropertyValue", "name": name, "description": known[name].description} | ({"unitText": known[name].unit} if known[name].unit else {}) for name in publication.columns],
        "distribution": [{"@type": "DataDownload", "contentUrl": base + file.key, "encodingFormat": MEDIA[file.format], "contentSize": str(file.bytes)} for file in version.files],
    }  # fmt: skip


def dictionary(publication: Publication, product: Product) -> list[Mapping[str, Any]]:
    """One row a column that goes out: what it means, its type and unit."""
    known = {column.name: column for column in product.columns}
    return [{"column": name, "type": known[name].kind, "unit": known[name].unit or "", "meaning": known[name].description} for name in publication.columns]


def feed(city: str, base: str, versions: Iterable[Version], most: int = 100) -> bytes:
    """Atom (RFC 4287): the newest versions, corrections and withdrawals first."""
    entries = sorted(versions, key=lambda version: version.published_at, reverse=True)[:most]
    root = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})
    _said(root, id=base + FEED, title=f"Open data of {city}", updated=(entries[0].published_at if entries else dt.datetime.fromtimestamp(0, dt.UTC)).isoformat())
    etree.SubElement(root, f"{{{ATOM}}}link", rel="self", href=base + FEED)
    _said(etree.SubElement(root, f"{{{ATOM}}}author"), name=city)
    for version in entries:
        entry = etree.SubElement(root, f"{{{ATOM}}}entry")
        _said(entry, id=f"{base}{version.name}/versions/{version.version}.json", title=f"{version.name} {version.version}: {version.kind}", updated=version.published_at.isoformat(), summary=version.notice)
        etree.SubElement(entry, f"{{{ATOM}}}link", href=f"{base}{version.name}/versions/{version.version}.json")
    return bytes(etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True))


def _said(element: Any, **texts: str) -> None:
    for name, text in texts.items():
        etree.SubElement(element, f"{{{ATOM}}}{name}").text = text
