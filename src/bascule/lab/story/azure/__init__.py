"""The demonstration on Azure: green is made beside blue by an upgrade, and blue removed."""
