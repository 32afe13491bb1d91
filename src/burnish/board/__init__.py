"""Many runs on one local page: reads run folders, writes nothing. The files are the truth; what is kept in memory is a cache."""
