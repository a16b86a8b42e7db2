"""Training of models; needs the extra ``medsift[train]``. The rest of medsift never imports it."""
