// simple-peer's diary, which nobody reads in a page.
module.exports = () => () => {}
