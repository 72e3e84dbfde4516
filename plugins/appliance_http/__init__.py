"""HTTP as an appliance in the field needs it; shared by the plugins that upload and download over HTTP.

Importing this package is cheap; requests is imported by `transport` and `errors`, at the first use.
"""
