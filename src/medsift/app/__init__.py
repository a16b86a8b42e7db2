"""The Streamlit app: find the medical images in files and pages, look, correct, download."""
