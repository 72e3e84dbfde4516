"""Changes the configuration file for somebody who has a form in the place of an editor.

It is done by a helper of its own, which may write that file and nothing else: neither the recorder nor the page may.
"""
