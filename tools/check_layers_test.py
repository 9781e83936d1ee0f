#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The layer checker, on small houses made for it."""
import pathlib
import tempfile
import unittest

import check_layers


class CheckLayers(unittest.TestCase):
    def house(self, layers, files):
        self.folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(self.folder.name)
        (root / "tools").mkdir()
        (root / "tools/layers.toml").write_text(layers)
        for name, text in files.items():
            path = root / "src" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            cmake = path.parent / "CMakeLists.txt"
            if not cmake.exists():
                cmake.write_text("heliograph_folder(NAME x)\n")
        self.addCleanup(self.folder.cleanup)
        return list(check_layers.wrong_edges(root))

    def test_an_allowed_include_passes(self):
        self.assertEqual(self.house('a = []\nb = ["a"]\n', {"a/x.h": "", "b/y.cc": '#include "a/x.h"\n'}), [])

    def test_a_forbidden_include_is_found(self):
        found = self.house('a = []\nb = []\n', {"a/x.h": "", "b/y.cc": '#include "a/x.h"\n'})
        self.assertEqual(len(found), 1)
        self.assertIn("src/b/y.cc: includes a/", found[0])

    def test_a_forbidden_use_in_cmake_is_found(self):
        found = self.house('a = []\nb = []\n', {"a/x.h": "", "b/CMakeLists.txt": "heliograph_folder(NAME b USES a)\n"})
        self.assertEqual(len(found), 1)
        self.assertIn("USES a", found[0])

    def test_a_cycle_is_found(self):
        found = self.house('a = ["b"]\nb = ["a"]\n', {"a/x.h": "", "b/y.h": ""})
        self.assertTrue(any("reaches itself" in f for f in found))

    def test_a_folder_that_nobody_named_is_found(self):
        self.assertIn("not named", self.house('a = []\n', {"a/x.h": "", "c/y.h": ""})[0])


if __name__ == "__main__":
    unittest.main()
