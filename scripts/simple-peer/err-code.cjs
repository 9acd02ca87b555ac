// simple-peer marks its errors with codes; what is read here is their text.
module.exports = error => error
