"""Bundles: trained models as folders of files. They know nothing of what computes."""
