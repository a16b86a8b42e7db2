"""Mail: attachments and inline pictures; never text or addresses."""
