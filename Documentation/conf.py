# SPDX-License-Identifier: GPL-2.0-only
"""Sphinx configuration, and the directive kernel-doc of the kernel's own
documentation: the header packages have the script, but not the extension."""

import os
import subprocess

import sphinx
from docutils import nodes, statemachine
from docutils.parsers.rst import Directive, directives
from sphinx.util.docutils import switch_source_input

project = "nested_vmx"
copyright = "the nested_vmx developers"
html_theme = "alabaster"
html_theme_options = {"page_width": "1200px", "sidebar_width": "220px"}
html_copy_source = False

# Set by tools/doc.
TOP = os.environ["NVMX_TOP"]
SCRIPT = os.environ["KERNELDOC"]


class KernelDoc(Directive):
    """.. kernel-doc:: FILE, with :doc: TITLE or :identifiers: NAME..."""

    required_arguments = 1
    option_spec = {
        "doc": directives.unchanged_required,
        "identifiers": directives.unchanged_required,
    }

    def run(self):
        command = [SCRIPT, "-rst", "-sphinx-version", sphinx.__version__]
        names = self.options.get("identifiers", "").split()
        if "doc" in self.options:
            names = [self.options["doc"]]
        for name in names:
            command += ["-function", name]
        path = os.path.join(TOP, self.arguments[0])
        done = subprocess.run(command + [path], check=True, text=True,
                              stdout=subprocess.PIPE)
        lines = statemachine.StringList(done.stdout.splitlines(), path)
        node = nodes.section(document=self.state.document)
        with switch_source_input(self.state, lines):
            self.state.nested_parse(lines, 0, node, match_titles=True)
        return node.children


def setup(app):
    app.add_directive("kernel-doc", KernelDoc)
    return {"parallel_read_safe": True}
